"""A thing to do once: reboot, blink, scan. Sent at most once; every command ends in a verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

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
    CANCELLED = "cancelled", _("Cancelled")


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
    upload = models.CharField(max_length=300, blank=True, help_text="The storage's name of what it sends")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "expires_at"], name="commands_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.access_point_id}: {self.state}"

    @classmethod
    def ask(
        cls,
        user: "User",
        access_point: "AccessPoint",
        kind: CommandKind,
        params: dict[str, Any] | None = None,
    ) -> "Command":
        """Queue it for the access point, which has its kind's ``wait`` to come and fetch it.

        One just like it that still waits is the same command: whoever presses twice asks once.
        """
        params, now = params or {}, clock.now()
        with transaction.atomic():
            type(access_point).objects.select_for_update().get(pk=access_point.pk)
            if waiting := cls._waiting_like(access_point, kind, params):
                return waiting
            command = cls.objects.create(
                access_point=access_point,
                kind=kind,
                asked_by=user,
                params=params,
                expires_at=now + LIMITS[kind].wait,
            )
            command._note(user, f"command.{kind}", **params)
            Task.promise("command", f"command:{command.pk}", {"command": command.pk})
        return command

    @classmethod
    def _waiting_like(
        cls, access_point: "AccessPoint", kind: CommandKind, params: dict[str, Any]
    ) -> "Command | None":
        waiting = cls.objects.filter(
            access_point=access_point, kind=kind, state=CommandState.QUEUED, expires_at__gt=clock.now()
        )
        return next((one for one in waiting if one.params == params), None)

    def cancel(self, user: "User") -> bool:
        """Take it back while it waits. False when it has left or ended meanwhile.

        The live store is told after the commit. Should the access point have fetched it in that
        moment, the fact says so and it counts as sent.
        """
        with transaction.atomic():
            waiting = Command.objects.filter(pk=self.pk, state=CommandState.QUEUED)
            if not waiting.update(state=CommandState.CANCELLED, ended_at=clock.now()):
                return False
            self._note(user, "command.cancel", kind=self.kind)
            Task.promise("withdraw", f"withdraw:{self.pk}", {"command": self.pk})
        self.refresh_from_db(fields=["state", "ended_at"])
        return True

    @property
    def ended(self) -> bool:
        return self.state not in {CommandState.QUEUED, CommandState.SENT}

    def _note(self, user: "User", verb: str, **detail: Any) -> None:
        about = self.access_point
        AuditEntry.record(about.organisation, user, verb, about, serial=about.serial, **detail)


def forget_uploads(access_points: "Iterable[AccessPoint]") -> None:
    """Promise that what these recorded goes with them; part of the transaction that deletes them."""
    sent = Command.objects.filter(access_point__in=access_points).exclude(upload="")
    keys = sorted(sent.values_list("upload", flat=True))
    if keys:
        digest = sha256(repr(keys).encode()).hexdigest()[:32]
        Task.promise("remove_files", f"remove-files:{digest}", {"keys": keys})
