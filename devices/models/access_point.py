"""An access point: claimed by an organisation, placed in a network, known by its serial."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from devices.models.command import forget_uploads
from devices.models.configuration import Configuration
from devices.models.tag import Tag
from devices.models.task import Task

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import Organisation, User
    from devices.models.network import Network


class Link(models.TextChoices):
    """The link axis of an access point (UX: text, shape and colour)."""

    WAITING = "waiting", _("Waiting for first check-in")
    ONLINE = "online", _("Online")
    LATE = "late", _("Late")
    OFFLINE = "offline", _("Offline")
    DISABLED = "disabled", _("Disabled")


class AccessPointQuerySet(models.QuerySet["AccessPoint"]):
    def of(self, organisation: "Organisation") -> "AccessPointQuerySet":
        return self.filter(network__organisation=organisation)


class AccessPoint(models.Model):
    """``serial`` is 12 lower-case hex digits, unique over all organisations."""

    network = models.ForeignKey("devices.Network", on_delete=models.CASCADE, related_name="access_points")
    serial = models.CharField(_("serial"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=60, blank=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    claimed_at = models.DateTimeField(auto_now_add=True)
    # reported: ingest and presence write these, nothing else does
    link = models.CharField(_("link"), max_length=10, choices=Link.choices, default=Link.WAITING)
    first_seen = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(_("last seen"), null=True)
    offline_since = models.DateTimeField(null=True, help_text="Since when its link says offline")
    connected_at = models.DateTimeField(null=True)
    session = models.BigIntegerField(default=0)
    address = models.GenericIPAddressField(_("address"), null=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    compatible = models.CharField(max_length=100, blank=True)
    firmware = models.CharField(_("firmware"), max_length=200, blank=True)
    boot_reason = models.CharField(max_length=40, blank=True, help_text="Why it started, in its own word")
    capabilities = models.JSONField(null=True)
    # ours
    tags = models.ManyToManyField("devices.Tag", related_name="access_points")
    muted_until = models.DateTimeField(
        null=True, help_text="No alert before: what it suffers is our own work"
    )
    alert = models.ForeignKey(
        "devices.Alert",
        on_delete=models.SET_NULL,
        null=True,
        related_name="members",
        help_text="The open alert that tells of it",
    )

    objects = AccessPointQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["network", "link"], name="access_points_by_link"),
            models.Index(fields=["link"], name="access_points_late"),
        ]

    def __str__(self) -> str:
        return self.name or self.serial

    @property
    def online(self) -> bool:
        return self.link in {Link.ONLINE, Link.LATE}

    @property
    def silent_since(self) -> "datetime | None":
        """Of an offline one. Rows from before ``offline_since`` was kept have only the last sign of life."""
        return self.offline_since or self.last_seen

    @property
    def organisation(self) -> "Organisation":
        return self.network.organisation

    def rename(self, user: "User", name: str) -> None:
        """Its name is part of its own configuration, not of the network's revision."""
        old, self.name = self.name, name.strip()
        if self.name == old:
            return
        with transaction.atomic():
            self.save(update_fields=["name"])
            self._note(user, "access_point.rename", old=old, new=self.name)
            self.publish_soon()

    def move(self, user: "User", network: "Network") -> None:
        """Into another network of the same organisation, whose configuration it then runs."""
        if network.organisation_id != self.network.organisation_id:
            raise ValueError("An access point moves within its organisation; release it first")
        with transaction.atomic():
            old, self.network, self.alert = self.network, network.locked(), None
            self.save(update_fields=["network", "alert"])
            # Revision numbers are each network's own: what was published for the old one says nothing here.
            Configuration.objects.filter(pk=self.pk).update(
                wanted_revision=network.revision_number, published_revision=0
            )
            self._note(user, "access_point.move", old=str(old), new=str(network))
            self.publish_soon()

    def release(self, user: "User") -> None:
        """Give it up: anyone may claim it from now on. It keeps its last configuration until then."""
        with transaction.atomic():
            # Before its targets and commands, as rollouts do: locks taken in one order do not deadlock.
            list(AccessPoint.objects.filter(pk=self.pk).select_for_update())
            self._note(user, "access_point.release")
            forget_uploads([self])
            Task.promise("forget", f"forget:{self.serial}", {"serials": [self.serial]})
            organisation = self.organisation
            self.delete()
            Tag.remove_unused(organisation)

    def publish_soon(self) -> Task:
        """Promise that this one's configuration reaches the live store; part of the caller's transaction."""
        return Task.promise("publish", f"publish:access-point:{self.pk}", {"access_points": [self.pk]})

    def _note(self, user: "User", verb: str, **detail: str) -> None:
        AuditEntry.record(self.organisation, user, verb, self, serial=self.serial, **detail)
