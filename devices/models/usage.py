"""How much the Wi-Fi was used: totals per access point and SSID, five minutes and an hour long."""

from django.db import models

from devices.models.fields import ExactField

FINE, COARSE = 300, 3600  # seconds a row covers


class Usage(models.Model):
    """``ssid`` empty is the access point's total. Traffic in bytes as clients see it; ``clients`` the most.

    ``network`` is the one it was in at the time.
    """

    network = models.ForeignKey("devices.Network", on_delete=models.CASCADE, related_name="usage")
    access_point = models.ForeignKey("devices.AccessPoint", on_delete=models.CASCADE, related_name="usage")
    ssid = ExactField(max_length=64, blank=True)
    seconds = models.PositiveSmallIntegerField(default=FINE)
    at = models.DateTimeField(help_text="When it begins; a multiple of its seconds")
    clients = models.PositiveIntegerField(default=0)
    downloaded = models.PositiveBigIntegerField(default=0)
    uploaded = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["access_point", "seconds", "at", "ssid"], name="usage_once")
        ]
        indexes = [
            models.Index(fields=["network", "seconds", "at", "ssid"], name="usage_by_network"),
            models.Index(fields=["seconds", "at"], name="usage_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.access_point_id} {self.ssid} {self.at:%F %T}"


class UsageCounter(models.Model):
    """Where an access point's own counters last stood, to know what was added since.

    ``counters``: bytes downloaded and uploaded, by whatever it counts by (a BSS, or a client).
    """

    access_point = models.OneToOneField(
        "devices.AccessPoint", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    at = models.DateTimeField(help_text="When the access point said so")
    counters = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.access_point_id} {self.at:%F %T}"
