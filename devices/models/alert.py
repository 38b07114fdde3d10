"""When somebody should be told that access points are offline, and what they were told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from accounts.refusal import Refusal

if TYPE_CHECKING:
    from accounts.models import User
    from devices.models.network import Network

MAX_ADDRESSES = 10
LONGEST_ADDRESS = 254  # characters, RFC 5321


class AlertAfter(models.IntegerChoices):
    """Minutes offline before anybody is told."""

    NEVER = 0, _("Never")
    FIVE = 5, _("After 5 minutes")
    FIFTEEN = 15, _("After 15 minutes")
    SIXTY = 60, _("After an hour")


DEFAULT = AlertAfter.FIFTEEN


class AlertRule(models.Model):
    """A network without a row has ``DEFAULT``. ``addresses`` empty means: its owners and admins."""

    network = models.OneToOneField(
        "devices.Network", on_delete=models.CASCADE, primary_key=True, related_name="alert_rule"
    )
    minutes = models.PositiveSmallIntegerField(choices=AlertAfter.choices, default=DEFAULT)
    addresses = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.network_id}: {self.minutes} min"

    @classmethod
    def of(cls, network: "Network") -> "AlertRule":
        """The network's, or the default one, unsaved."""
        return cls.objects.filter(network=network).first() or cls(network=network)

    def change(self, user: "User", minutes: int, addresses: Sequence[str]) -> None:
        """``minutes`` is one of ``AlertAfter``. Raises ``Refusal`` for what is no address, or too many."""
        wanted = _plain(addresses)
        if (self.minutes, self.addresses) == (minutes, wanted) and not self._state.adding:
            return
        self.minutes, self.addresses = AlertAfter(minutes), wanted
        with transaction.atomic():
            told = {"minutes": self.minutes, "addresses": self.addresses}
            AlertRule.objects.update_or_create(network=self.network, defaults=told)
            AuditEntry.record(
                self.network.organisation, user, "network.alerts", self.network, minutes=minutes,
                count=len(self.addresses),
            )  # fmt: skip


def _plain(addresses: Sequence[str]) -> list[str]:
    """Each once, whatever its case. Raises ``Refusal`` with every one that is none."""
    wanted = list({one.strip().lower(): None for one in addresses if one.strip()})
    if len(wanted) > MAX_ADDRESSES:
        raise Refusal(_now("At most %(most)d addresses, please.") % {"most": MAX_ADDRESSES})
    if wrong := [one for one in wanted if not _is_address(one)]:
        raise Refusal(_now("Not an e-mail address: %(wrong)s") % {"wrong": ", ".join(wrong)})
    return wanted


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= LONGEST_ADDRESS


class Alert(models.Model):
    """One per network at a time: whoever else falls silent joins it. It ends when all are back.

    ``open_for`` is the network's id while it is open, unique: two watchers cannot open two.
    Who it is about now are the access points whose ``alert`` it is.
    """

    network = models.ForeignKey("devices.Network", on_delete=models.CASCADE, related_name="alerts")
    open_for = models.BigIntegerField(unique=True, null=True)
    opened_at = models.DateTimeField()
    calm_since = models.DateTimeField(null=True, help_text="All are back, or no longer missed, since then")
    closed_at = models.DateTimeField(null=True)
    serials = models.JSONField(default=list, help_text="Everybody who was offline during it")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["network", "-opened_at"], name="alerts_by_time")]

    def __str__(self) -> str:
        return f"{self.network_id} {self.opened_at:%F %T}"
