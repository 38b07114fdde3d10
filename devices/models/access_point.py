"""An access point: claimed by an organisation, placed in a network, known by its serial."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import Organisation


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
    name = models.CharField(_("name"), max_length=60)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    claimed_at = models.DateTimeField(auto_now_add=True)
    # reported: ingest and presence write these, nothing else does
    link = models.CharField(_("link"), max_length=10, choices=Link.choices, default=Link.WAITING)
    first_seen = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(_("last seen"), null=True)
    connected_at = models.DateTimeField(null=True)
    session = models.BigIntegerField(default=0)
    address = models.GenericIPAddressField(_("address"), null=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    compatible = models.CharField(max_length=100, blank=True)
    firmware = models.CharField(_("firmware"), max_length=200, blank=True)
    capabilities = models.JSONField(null=True)

    objects = AccessPointQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["network", "link"], name="access_points_by_link")]

    def __str__(self) -> str:
        return self.name or self.serial

    @property
    def online(self) -> bool:
        return self.link in {Link.ONLINE, Link.LATE}

    def seen_at(self, moment: datetime) -> None:
        self.last_seen = max(self.last_seen or moment, moment)
