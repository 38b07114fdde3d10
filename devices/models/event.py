"""What happened to an access point: append-only, each fact once."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """``fact`` is the fact's own id, so that reading a fact twice writes one event."""

    access_point = models.ForeignKey("devices.AccessPoint", on_delete=models.CASCADE, related_name="events")
    fact = models.CharField(max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    at = models.DateTimeField(_("time"))
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["access_point", "-at"], name="events_by_time"),
            # A month's comings and goings, among the thousands of clients that came and went.
            models.Index(fields=["access_point", "kind", "at"], name="events_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.access_point_id}"
