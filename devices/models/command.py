"""A thing to do once: reboot, blink, scan. Sent at most once; every command ends in a verdict."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from devices.models.task import Task

if TYPE_CHECKING:
    from accounts.models import User
    from devices.models.access_point import AccessPoint


class CommandKind(models.TextChoices):
    REBOOT = "reboot", _("Reboot")
    BLINK = "blink", _("Blink the lights")
    FACTORY = "factory", _("Reset to factory settings")
    WIFISCAN = "wifiscan", _("Look for other Wi-Fi")
    TRACE = "trace", _("Record traffic")
    KICK = "kick", _("Disconnect a client")
    UPGRADE = "upgrade", _("Install firmware")  # asked for by rollouts alone


class CommandState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENT = "sent", _("Sent")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")


@dataclass(frozen=True)
class Limits:
    """How long a command waits for its access point, and how long for the answer once it was sent."""

    wait: timedelta
    answer: timedelta


_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
LIMITS = {
    CommandKind.REBOOT: Limits(wait=_HOUR, answer=_MINUTE),
    CommandKind.BLINK: Limits(wait=10 * _MINUTE, answer=_MINUTE),
    CommandKind.FACTORY: Limits(wait=24 * _HOUR, answer=_MINUTE),
    CommandKind.WIFISCAN: Limits(wait=_HOUR, answer=2 * _MINUTE),
    CommandKind.TRACE: Limits(wait=_HOUR, answer=10 * _MINUTE),
    CommandKind.KICK: Limits(wait=_MINUTE, answer=timedelta(seconds=1)),  # never answered
    CommandKind.UPGRADE: Limits(wait=2 * _MINUTE, answer=_HOUR),  # answered after the download
}


class Command(models.Model):
    access_point = models.ForeignKey("devices.AccessPoint", on_delete=models.CASCADE, related_name="commands")
    kind = models.CharField(max_length=20, choices=CommandKind.choices)
    state = models.CharField(max_length=10, choices=CommandState.choices, default=CommandState.QUEUED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    key = models.CharField(
        max_length=60, unique=True, null=True, help_text="Idempotency key of one that a job asked for"
    )
    params = models.JSONField(default=dict, help_text="What its kind needs to know; no secret")
    expires_at = models.DateTimeField()
    delivered_at = models.DateTimeField(
        null=True, help_text="An upgrade's: set before the live store has it, so that it never has it twice"
    )
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    text = models.TextField(blank=True, help_text="The access point's own words")
    result = models.JSONField(null=True, help_text="What it answered, where that is worth keeping")
    upload = models.CharField(max_length=300, blank=True, help_text="The storage's name of what it sent")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "expires_at"], name="commands_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.access_point_id}: {self.state}"

    @classmethod
    def ask(cls, user: "User", access_point: "AccessPoint", kind: CommandKind) -> "Command":
        """Queue it for the access point, which has its kind's ``wait`` to come and fetch it."""
        with transaction.atomic():
            command = cls.objects.create(
                access_point=access_point,
                kind=kind,
                asked_by=user,
                expires_at=clock.now() + LIMITS[kind].wait,
            )
            AuditEntry.record(
                access_point.organisation, user, f"command.{kind}", access_point, serial=access_point.serial
            )
            Task.promise("command", f"command:{command.pk}", {"command": command.pk})
        return command

    @property
    def ended(self) -> bool:
        return self.state in {CommandState.DONE, CommandState.FAILED, CommandState.EXPIRED}
