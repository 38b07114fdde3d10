"""A firmware rollout: one image to many access points, in waves, inside each network's window.

These rows are what is wanted and how far it got; ``devices.rollouts`` decides, ``devices.rolling`` acts.
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.firmware import FirmwareImage

if TYPE_CHECKING:
    from devices.models.network import Network


class RolloutState(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    HALTED = "halted", _("Halted")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


# Those that still have something to do, or may have again.
OPEN = (RolloutState.SCHEDULED, RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.HALTED)
# Those that are looked at.
MOVING = (RolloutState.SCHEDULED, RolloutState.RUNNING)


class Rollout(models.Model):
    """Exactly one of ``budget_count`` and ``budget_percent`` is set: failures that halt it."""

    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.CASCADE, related_name="rollouts"
    )
    image = models.ForeignKey(FirmwareImage, on_delete=models.PROTECT, related_name="rollouts")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    scope = models.CharField(_("scope"), max_length=300, help_text="Whom it was for, in words")
    rollback_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="rollbacks")
    # how
    starts_at = models.DateTimeField(_("starts"))
    gives_up_at = models.DateTimeField(help_text="Whoever has not come by then is left out")
    budget_count = models.PositiveIntegerField(null=True)
    budget_percent = models.PositiveSmallIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=2)
    answer_minutes = models.PositiveSmallIntegerField(
        default=30, help_text="From the command to the new firmware's first check-in"
    )
    at_once = models.PositiveSmallIntegerField(default=200, help_text="Most access points busy at a time")
    downgrades = models.BooleanField(default=False, help_text="Its author typed that older is meant")
    # how far
    state = models.CharField(max_length=10, choices=RolloutState.choices, default=RolloutState.SCHEDULED)
    reason = models.TextField(blank=True, help_text="Why it was halted, in words")
    wave = models.PositiveSmallIntegerField(default=0, help_text="The last one opened; 0 before the first")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    forgiven = models.PositiveIntegerField(default=0, help_text="Failures known when somebody resumed it")
    look_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.image} #{self.pk}"

    @property
    def open(self) -> bool:
        return self.state in OPEN


class Wave(models.Model):
    """``number`` counts from 1. ``settled_at``: nothing of it was left to do, its soak began."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="waves")
    number = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField()
    soak_minutes = models.PositiveIntegerField(default=30)
    opened_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["rollout", "number"], name="wave_numbered_once")]

    def __str__(self) -> str:
        return f"{self.rollout_id}: wave {self.number}"


class TargetState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    BUSY = "busy", _("Upgrading")
    SUCCEEDED = "succeeded", _("Upgraded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Left out")


class RolloutTarget(models.Model):
    """One access point in one rollout; claimed by compare-and-set from WAITING to BUSY.

    ``slot`` is its serial while it is BUSY, unique over all rollouts: two can never work on one
    access point. ``step`` is the image being installed now: the rollout's own, or a stepping stone.
    ``session``, ``before`` (its firmware) and ``told`` (its boot reason) are what it reported when
    it was claimed.
    """

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="targets")
    wave = models.PositiveSmallIntegerField()
    access_point = models.ForeignKey(
        "devices.AccessPoint", on_delete=models.SET_NULL, null=True, related_name="rollout_targets"
    )
    serial = models.CharField(max_length=12)
    original = models.CharField(
        max_length=200, blank=True, help_text="The firmware it ran when it was planned"
    )
    state = models.CharField(max_length=10, choices=TargetState.choices, default=TargetState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, help_text="When a failed one is tried again")
    # the present or last attempt
    slot = models.CharField(max_length=12, unique=True, null=True)
    step = models.ForeignKey(FirmwareImage, on_delete=models.PROTECT, null=True, related_name="+")
    command = models.ForeignKey("devices.Command", on_delete=models.SET_NULL, null=True, related_name="+")
    session = models.BigIntegerField(default=0)
    before = models.CharField(max_length=200, blank=True)
    told = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True)
    deadline = models.DateTimeField(null=True)
    # the end
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True, help_text="A code of devices.rollouts")
    words = models.TextField(blank=True, help_text="The access point's own words about it")

    class Meta:
        ordering = ["wave", "pk"]
        constraints = [models.UniqueConstraint(fields=["rollout", "serial"], name="target_once")]
        indexes = [
            models.Index(fields=["rollout", "state", "wave"], name="targets_by_state"),
            models.Index(fields=["serial", "state"], name="targets_by_serial"),
        ]

    def __str__(self) -> str:
        return f"{self.serial} in {self.rollout_id}: {self.state}"

    @property
    def network(self) -> "Network | None":
        return self.access_point.network if self.access_point else None
