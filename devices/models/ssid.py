"""A Wi-Fi network name and how clients join it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.fields import SealedTextField, TimeOrderedIdField
from devices.rendering.intent import Radius, Security, SsidIntent

if TYPE_CHECKING:
    from devices.models.network import Network

SECURITY_CHOICES = [
    (Security.WPA2_WPA3.value, _("WPA2 and WPA3 passphrase (recommended)")),
    (Security.WPA3.value, _("WPA3 passphrase")),
    (Security.WPA2.value, _("WPA2 passphrase")),
    (Security.OPEN.value, _("Open, not encrypted")),
    (Security.OWE.value, _("Enhanced open (OWE): no passphrase, encrypted")),
    (Security.WPA2_WPA3_ENTERPRISE.value, _("WPA2 and WPA3 enterprise (RADIUS)")),
    (Security.WPA3_ENTERPRISE.value, _("WPA3 enterprise (RADIUS)")),
    (Security.WPA2_ENTERPRISE.value, _("WPA2 enterprise (RADIUS)")),
]
# 32 bytes are at most 32 characters; the byte length is the rendering's rule.
MAX_NAME = 32
_RATE = {"null": True, "blank": True, "validators": [MinValueValidator(1), MaxValueValidator(10_000)]}


class Ssid(models.Model):
    """The rows are the network's present; ``Network.revise`` alone writes them."""

    id = TimeOrderedIdField()
    network = models.ForeignKey("devices.Network", on_delete=models.CASCADE, related_name="ssids")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(_("name"), max_length=MAX_NAME)
    security = models.CharField(_("security"), max_length=30, choices=SECURITY_CHOICES)
    passphrase = SealedTextField(_("passphrase"), blank=True)
    radius_host = models.CharField(_("RADIUS server"), max_length=253, blank=True)
    radius_port = models.PositiveIntegerField(_("RADIUS port"), default=1812)
    radius_secret = SealedTextField(_("RADIUS secret"), blank=True)
    radius_accounting_port = models.PositiveIntegerField(_("accounting port"), null=True, blank=True)
    bands = models.CharField(_("bands"), max_length=20, default="2G,5G")
    vlan = models.PositiveSmallIntegerField(_("VLAN"), null=True, blank=True)
    hidden = models.BooleanField(_("hidden"), default=False)
    isolate = models.BooleanField(_("isolate clients from each other"), default=False)
    download_mbps = models.PositiveIntegerField(_("download limit"), **_RATE)
    upload_mbps = models.PositiveIntegerField(_("upload limit"), **_RATE)
    guest = models.BooleanField(_("guest network"), default=False)
    captive = models.BooleanField(_("click-through page"), default=False)
    enabled = models.BooleanField(_("on air"), default=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def intent(self) -> SsidIntent:
        """This row as a plain value, secrets included."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        return SsidIntent(
            key=str(self.pk),
            security=Security(self.security),
            radius=self._radius(),
            bands=tuple(self.bands.split(",")) if self.bands else (),  # type: ignore[arg-type]
            **plain,
        )

    def _radius(self) -> Radius | None:
        if not self.radius_host:
            return None
        return Radius(self.radius_host, self.radius_secret, self.radius_port, self.radius_accounting_port)

    @classmethod
    def from_intent(cls, network: "Network", position: int, intent: SsidIntent) -> "Ssid":
        radius = intent.radius or Radius("", "")
        return cls(
            pk=int(intent.key),
            network=network,
            position=position,
            security=intent.security.value,
            radius_host=radius.host,
            radius_port=radius.port,
            radius_secret=radius.secret,
            radius_accounting_port=radius.accounting_port,
            bands=",".join(intent.bands),
            **{name: getattr(intent, name) for name in _PLAIN},
        )

    @classmethod
    def replace(cls, network: "Network", wanted: Sequence[SsidIntent]) -> None:
        """Make the network's rows be ``wanted``, in that order. Runs inside ``Network.revise``."""
        network.ssids.all().delete()
        cls.objects.bulk_create(cls.from_intent(network, n, intent) for n, intent in enumerate(wanted))


_PLAIN = (
    "name",
    "passphrase",
    "vlan",
    "hidden",
    "isolate",
    "download_mbps",
    "upload_mbps",
    "guest",
    "captive",
    "enabled",
)
