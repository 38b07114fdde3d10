"""A month of an organisation's Wi-Fi, on paper: PDF and CSV in the storage."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ReportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    BUILDING = "building", _("Building")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class Report(models.Model):
    """``month`` is its first day, UTC. Asked for again, the same row is built anew."""

    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.CASCADE, related_name="reports"
    )
    month = models.DateField(_("month"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=ReportState.choices, default=ReportState.WAITING)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent")
    pdf = models.CharField(max_length=300, blank=True, help_text="Its name in the storage")
    csv = models.CharField(max_length=300, blank=True, help_text="Its name in the storage")
    ready_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-month"]
        constraints = [models.UniqueConstraint(fields=["organisation", "month"], name="report_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.month:%Y-%m}"
