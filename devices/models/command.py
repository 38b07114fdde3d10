"""A thing to do once, now: reboot, blink. Sent at most once; every command ends in a verdict."""

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


class CommandState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENT = "sent", _("Sent")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")


# How long a command waits for its access point, and how long for the answer.
WAIT = timedelta(minutes=10)
ANSWER = timedelta(seconds=60)


class Command(models.Model):
    access_point = models.ForeignKey("devices.AccessPoint", on_delete=models.CASCADE, related_name="commands")
    kind = models.CharField(max_length=20, choices=CommandKind.choices)
    state = models.CharField(max_length=10, choices=CommandState.choices, default=CommandState.QUEUED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    text = models.TextField(blank=True, help_text="The access point's own words")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "expires_at"], name="commands_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.access_point_id}: {self.state}"

    @classmethod
    def ask(cls, user: "User", access_point: "AccessPoint", kind: CommandKind) -> "Command":
        """Queue it for the access point, which has ``WAIT`` to come and fetch it."""
        with transaction.atomic():
            command = cls.objects.create(
                access_point=access_point, kind=kind, asked_by=user, expires_at=clock.now() + WAIT
            )
            AuditEntry.record(
                access_point.organisation, user, f"command.{kind}", access_point, serial=access_point.serial
            )
            Task.promise("command", f"command:{command.pk}", {"command": command.pk})
        return command

    @property
    def ended(self) -> bool:
        return self.state in {CommandState.DONE, CommandState.FAILED, CommandState.EXPIRED}
