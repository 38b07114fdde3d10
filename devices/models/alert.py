"""When somebody should be told that access points are offline, and what they were told."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AlertAfter(models.IntegerChoices):
    """Minutes offline before anybody is told."""

    NEVER = 0, _("Never")
    FIVE = 5, _("After 5 minutes")
    FIFTEEN = 15, _("After 15 minutes")
    SIXTY = 60, _("After an hour")


class AlertRule(models.Model):
    """``addresses`` empty means: the organisation's owners and admins."""

    network = models.OneToOneField(
        "devices.Network", on_delete=models.CASCADE, primary_key=True, related_name="alert_rule"
    )
    minutes = models.PositiveSmallIntegerField(choices=AlertAfter.choices, default=AlertAfter.FIFTEEN)
    addresses = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.network_id}: {self.minutes} min"


class Alert(models.Model):
    """One per network at a time: whoever else falls silent joins it. It ends when all are back.

    ``open_for`` is the network's id while it is open, unique: two watchers cannot open two.
    """

    network = models.ForeignKey("devices.Network", on_delete=models.CASCADE, related_name="alerts")
    open_for = models.BigIntegerField(unique=True, null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    serials = models.JSONField(default=list, help_text="Everybody who was offline during it")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["network", "-opened_at"], name="alerts_by_time")]

    def __str__(self) -> str:
        return f"{self.network_id} {self.opened_at:%F %T}"
