"""A firmware image: a file in the storage, and what is known of it. Immutable once it is ready."""

from collections.abc import Collection
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import Organisation


# What a ready image keeps for ever: rollouts, and access points, go by it.
FROZEN = (
    "organisation_id",
    "file_name",
    "key",
    "size",
    "sha256",
    "state",
    "version",
    "compatibles",
    "signature",
)


class ImmutableImage(Exception):
    """Somebody tried to make another file of an image that is ready."""


class Channel(models.TextChoices):
    STABLE = "stable", _("Stable")
    CANDIDATE = "candidate", _("Candidate")
    BETA = "beta", _("Beta")


class ImageState(models.TextChoices):
    UPLOADING = "uploading", _("Uploading")
    CHECKING = "checking", _("Checking")
    READY = "ready", _("Ready")
    REFUSED = "refused", _("Refused")


class FirmwareImageQuerySet(models.QuerySet["FirmwareImage"]):
    def of(self, organisation: "Organisation") -> "FirmwareImageQuerySet":
        """The organisation's own and those that whoever runs this Aerie offers to everybody."""
        return self.filter(Q(organisation=organisation) | Q(organisation=None))

    def offered(self) -> "FirmwareImageQuerySet":
        """What may be installed: checked, and not withdrawn."""
        return self.filter(state=ImageState.READY, withdrawn_at=None)


class FirmwareImage(models.Model):
    """``compatibles`` are the hardware names that access points report as ``capabilities.compatible``.

    ``version`` is what such an access point reports as ``firmware`` when it runs the image, or a
    word of it. ``sha256`` is what the uploader expects, if anything, and the file's own once it is ready,
    as ``size`` is. ``fingerprint`` is unique, so that two uploads of one file cannot both become ready.
    """

    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.CASCADE, null=True, related_name="firmware_images"
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # the file
    file_name = models.CharField(_("file"), max_length=200)
    key = models.CharField(max_length=255, unique=True, help_text="Its name in the storage")
    upload = models.CharField(max_length=200, blank=True, help_text="The storage's id of a running upload")
    size = models.PositiveBigIntegerField(_("size"), help_text="Bytes: first as announced, then as counted")
    sha256 = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=100, unique=True, null=True)
    state = models.CharField(max_length=10, choices=ImageState.choices, default=ImageState.UPLOADING)
    refusal = models.TextField(blank=True, help_text="Why it was refused, in words")
    # what it is
    version = models.CharField(_("version"), max_length=200, blank=True)
    compatibles = models.JSONField(_("hardware"), default=list)
    minimum_version = models.CharField(
        _("needs at least"),
        max_length=200,
        blank=True,
        help_text="What must run before this can be installed",
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.STABLE)
    notes = models.TextField(_("release notes"), blank=True)
    signature = models.TextField(_("signature"), blank=True, help_text="minisign's, of the file")
    signed_by = models.CharField(max_length=100, blank=True, help_text="The id of the key that proved right")
    withdrawn_at = models.DateTimeField(null=True)

    objects = FirmwareImageQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["organisation", "state"], name="firmware_by_state")]

    def __str__(self) -> str:
        return self.version or self.file_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises ``ImmutableImage``."""
        kept: dict[str, Any] = getattr(self, "_kept", {})
        changed = [name for name, value in kept.items() if getattr(self, name) != value]
        if changed:
            raise ImmutableImage(f"A ready image keeps its {', '.join(changed)}")
        super().save(*args, **kwargs)
        self._note_what_is_kept()

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:
        image = super().from_db(db, field_names, values)
        image._note_what_is_kept()
        return image

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._note_what_is_kept()

    def _note_what_is_kept(self) -> None:
        ready = self.__dict__.get("state") == ImageState.READY
        known = [name for name in FROZEN if ready and name in self.__dict__]
        self._kept = {name: copy(self.__dict__[name]) for name in known}

    @property
    def offered(self) -> bool:
        return self.state == ImageState.READY and self.withdrawn_at is None
