"""A month of an organisation's Wi-Fi, on paper: PDF and CSV in the storage."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from accounts.refusal import Refusal
from devices.models.task import Task

if TYPE_CHECKING:
    from accounts.models import Organisation, User


class ReportRefused(Refusal):
    """There is no such report to be had."""


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

    @property
    def open(self) -> bool:
        """Whether it is still to be built, or being built."""
        return self.state in {ReportState.WAITING, ReportState.BUILDING}

    @classmethod
    def ask(cls, user: "User", organisation: "Organisation", month: date) -> "Report":
        """Have this month's report built, anew if there is one. Raises ``ReportRefused``."""
        _refuse_the_impossible(organisation, month.replace(day=1))
        with transaction.atomic():
            report = cls.promise(organisation, month, asked_by=user)
            AuditEntry.record(organisation, user, "report.ask", f"{report.month:%Y-%m}")
        return report

    @classmethod
    def promise(cls, organisation: "Organisation", month: date, asked_by: "User | None" = None) -> "Report":
        """The row and its task; part of the caller's transaction."""
        report, _made = cls.objects.get_or_create(organisation=organisation, month=month.replace(day=1))
        report.state, report.progress, report.asked_by = ReportState.WAITING, 0, asked_by
        report.save(update_fields=["state", "progress", "asked_by"])
        Task.promise("report", report.task_key, {"report": report.pk})
        return report

    @property
    def task_key(self) -> str:
        return f"report:{self.pk}"

    @classmethod
    def note_given_up(cls, reports: Iterable["Report"]) -> None:
        """Call those failed, here alone, whose workers ended so often that nobody tries again."""
        open_ones = {report.task_key: report for report in reports if report.open}
        if open_ones:
            dead = Task.objects.filter(key__in=open_ones, dead=True)
            for key in dead.values_list("key", flat=True):
                open_ones[key].state = ReportState.FAILED

    def key(self, ending: str) -> str:
        """Its file's name in the storage, from the row alone: built twice, it still is one file."""
        return f"reports/{self.organisation_id}/{self.month:%Y-%m}.{ending}"


def _refuse_the_impossible(organisation: "Organisation", month: date) -> None:
    if month > clock.now().date():
        raise ReportRefused(_now("This month has not begun."))
    if month < organisation.created_at.date().replace(day=1):
        raise ReportRefused(_now("The organisation did not exist in this month."))
