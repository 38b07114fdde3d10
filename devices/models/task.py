"""A durable to-do: promised in the transaction that wants it done, so no crash can lose it.

Redis carries only the word that there is something to do. A worker claims the
row, does the work, and lets go of it; a sweep finds what a lost word, a dead
worker or an empty Redis left behind.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone as clock

# How long a dead worker's task stays hidden; one at work longer than that keeps it with ``hold``.
LEASE = timedelta(seconds=15)
MAX_ATTEMPTS = 20
MAX_BACKOFF = timedelta(minutes=10)


class LeaseLost(Exception):
    """Another worker has taken the task over; this one must not go on."""


class Task(models.Model):
    """``key`` is the idempotency key: promising it again while it waits merges, while it runs repeats it."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    promises = models.PositiveIntegerField(default=0, help_text="How often it was promised")
    run_after = models.DateTimeField(db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0, help_text="Counts claims: a late worker's is outdated")
    lease_until = models.DateTimeField(null=True)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent, where its kind tells")
    last_error = models.TextField(blank=True)
    dead = models.BooleanField(default=False, help_text="Gave up after too many attempts")

    # Told the task's id and kind once its promise is committed. ``jobs`` sets it where all is assembled,
    # for this room may not know the queues above it. Unset, the sweep alone finds the task.
    wake: ClassVar[Callable[[int, str], None] | None] = None

    def __str__(self) -> str:
        return self.key

    @classmethod
    def promise(cls, kind: str, key: str, payload: dict[str, Any]) -> "Task":
        """Have it done after the caller's transaction commits; never before, and not if it rolls back."""
        now = clock.now()
        # Update first: an insert that meets the key takes a shared lock, and two of those deadlock.
        if not cls._again(key, payload, now):
            row = cls(kind=kind, key=key, payload=payload, run_after=now)
            cls.objects.bulk_create([row], ignore_conflicts=True)
            cls._again(key, payload, now)
        task = cls.objects.get(key=key)
        transaction.on_commit(task._tell, robust=True)
        return task

    @classmethod
    def _again(cls, key: str, payload: dict[str, Any], now: datetime) -> int:
        return cls.objects.filter(key=key).update(
            promises=F("promises") + 1, payload=payload, run_after=now, attempts=0, dead=False
        )

    def _tell(self) -> None:
        if Task.wake is not None:
            Task.wake(self.pk, self.kind)

    @classmethod
    def due(cls, now: datetime, limit: int = 100) -> list[tuple[int, str]]:
        """Id and kind of what could be claimed now, longest waiting first."""
        return list(cls._claimable(now).order_by("run_after").values_list("pk", "kind")[:limit])

    @classmethod
    def claim(cls, pk: int, now: datetime) -> "Task | None":
        """Take the task under a lease, or None when it is done, early, or in other hands."""
        taken = (
            cls._claimable(now)
            .filter(pk=pk)
            .update(fence=F("fence") + 1, attempts=F("attempts") + 1, lease_until=now + LEASE)
        )
        return cls.objects.filter(pk=pk).first() if taken else None

    @classmethod
    def _claimable(cls, now: datetime) -> models.QuerySet["Task"]:
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        return cls.objects.filter(free, dead=False, run_after__lte=now)

    def hold(self, now: datetime) -> None:
        """Keep it for another lease. Raises ``LeaseLost`` when it is in other hands."""
        mine = Task.objects.filter(pk=self.pk, fence=self.fence)
        if not mine.update(lease_until=now + LEASE):
            raise LeaseLost(f"Task {self.key} was taken over")

    def postpone(self, until: datetime, reason: str) -> None:
        """Let go of it until then, no attempt counted: what it needs is away, it did not fail."""
        Task.objects.filter(pk=self.pk, fence=self.fence).update(
            lease_until=None, run_after=until, attempts=self.attempts - 1, last_error=reason[:2000]
        )

    def done(self) -> bool:
        """Let go of it; False when it was promised again meanwhile and will run once more."""
        mine = Task.objects.filter(pk=self.pk, fence=self.fence)
        if mine.filter(promises=self.promises).delete()[0]:
            return True
        mine.update(lease_until=None, attempts=0, last_error="")
        return False

    def failed(self, error: str, now: datetime) -> None:
        """Try again later, each time later; after ``MAX_ATTEMPTS`` keep it as dead for ops to see.

        Promised again meanwhile, it is due at once: another save must not wait for an older one's sake.
        """
        backoff = min(timedelta(seconds=2 ** min(self.attempts, 10)), MAX_BACKOFF)
        mine = Task.objects.filter(pk=self.pk, fence=self.fence)
        if not mine.filter(promises=self.promises).update(
            lease_until=None,
            run_after=now + backoff,
            last_error=error[:2000],
            dead=self.attempts >= MAX_ATTEMPTS,
        ):
            mine.update(lease_until=None, last_error=error[:2000])
