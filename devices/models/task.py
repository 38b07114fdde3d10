"""A durable to-do: promised in the transaction that wants it done, so no crash can lose it.

Redis carries only the word that there is something to do. A worker claims the
row, does the work, and lets go of it; a periodic dispatch finds what a lost word, a
dead worker or an empty Redis left behind.
"""

import json
import random
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone as clock
from django.utils.translation import gettext_lazy as _

# How long a dead worker's task stays hidden; one at work longer than that keeps it with ``hold``.
LEASE = timedelta(seconds=15)
MAX_ATTEMPTS = 20
MAX_BACKOFF = timedelta(minutes=10)
JITTER = 0.25  # of the back-off, either way: what failed together does not come back together
# A task carries ids, not data. Serials of sixty thousand access points fit.
MAX_PAYLOAD = 1_000_000
BURIED_AT_ONCE = 100
WOKEN_AT_ONCE = 100  # the rest is found by dispatch


class LeaseLost(Exception):
    """Another worker has taken the task over; this one must not go on."""


class NotNow(Exception):
    """Raised by who performs a task: what it needs is away. Tried again at ``until``, no attempt counted."""

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(reason)
        self.until = until


class Hopeless(Exception):
    """Raised by who performs a task: trying again would not help. Dead at once; the words are kept."""


class TaskState(models.TextChoices):
    """What a row's columns amount to at a moment; not a column itself."""

    DEAD = "dead", _("Given up")
    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")

    def of(self, now: datetime) -> Q:
        """The rows that are in this state now."""
        running = Q(dead=False, lease_until__gte=now)
        if self == TaskState.DEAD:
            return Q(dead=True)
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        return running if self == TaskState.RUNNING else Q(dead=False) & free


class Task(models.Model):
    """``key`` is the idempotency key: promising it again while it waits merges, while it runs repeats it."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    promises = models.PositiveIntegerField(default=0, help_text="How often it was promised")
    run_after = models.DateTimeField(db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0, help_text="Counts claims: a late worker's is outdated")
    lease_until = models.DateTimeField(null=True)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent, where its kind tells")
    last_error = models.TextField(blank=True)
    dead = models.BooleanField(default=False, help_text="Gave up after too many attempts")

    # Told the task's id and kind once its promise is committed. ``jobs`` sets it where all is assembled,
    # for this room may not know the queues above it. Unset, dispatch alone finds the task.
    wake: ClassVar[Callable[[int, str], None] | None] = None

    def __str__(self) -> str:
        return self.key

    @classmethod
    def promise(cls, kind: str, key: str, payload: dict[str, Any]) -> "Task":
        """Have it done after the caller's transaction commits; never before, and not if it rolls back.

        Raises ``ValueError`` when the payload is larger than ``MAX_PAYLOAD`` characters of JSON.
        """
        if len(json.dumps(payload)) > MAX_PAYLOAD:
            raise ValueError(f"The payload of task {key} is too large: it should be ids, not data.")
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
    def due(
        cls, now: datetime, limit: int = 100, kinds: Collection[str] | None = None
    ) -> list[tuple[int, str]]:
        """Id and kind of what could be claimed now, longest waiting first; of these kinds alone if given."""
        rows = cls._claimable(now) if kinds is None else cls._claimable(now).filter(kind__in=kinds)
        return list(rows.order_by("run_after").values_list("pk", "kind")[:limit])

    @classmethod
    def claim(cls, pk: int, now: datetime) -> "Task | None":
        """Take the task under a lease, or None when it is done, early, dead, or in other hands.

        The attempt counts from here: one that takes its worker's process with it was one too.
        """
        taken = (
            cls._claimable(now)
            .filter(pk=pk)
            .update(fence=F("fence") + 1, attempts=F("attempts") + 1, lease_until=now + LEASE)
        )
        return cls.objects.filter(pk=pk).first() if taken else None

    @classmethod
    def _claimable(cls, now: datetime) -> models.QuerySet["Task"]:
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        return cls.objects.filter(free, dead=False, run_after__lte=now, attempts__lt=MAX_ATTEMPTS)

    @classmethod
    def bury(cls, now: datetime) -> int:
        """Put off, and in the end give up, what its worker never let go of. Returns how many.

        A worker that is killed says nothing. Once may be bad luck, and is tried again at once;
        from the second time on it counts as the task's own failure.
        """
        left = cls.objects.filter(lease_until__lt=now, dead=False, attempts__gte=2)
        found = list(left[:BURIED_AT_ONCE])
        for task in found:
            task.failed("Its worker ended in the middle of it, or was too slow to say that it lives", now)
        return len(found)

    @classmethod
    def retry(cls, tasks: models.QuerySet["Task"], now: datetime) -> int:
        """Have dead tasks done after all, attempts counted anew. Returns how many."""
        found = list(tasks.filter(dead=True).values_list("pk", "kind"))
        revived = cls.objects.filter(pk__in=[pk for pk, _ in found], dead=True)
        count = revived.update(dead=False, attempts=0, run_after=now, lease_until=None)
        for pk, kind in found[:WOKEN_AT_ONCE] if cls.wake else ():
            transaction.on_commit(partial(cls.wake, pk, kind), robust=True)  # type: ignore[arg-type]
        return count

    def drop(self) -> bool:
        """Delete it while it is dead: it will never be done. False when it is not dead any more."""
        return bool(Task.objects.filter(pk=self.pk, dead=True).delete()[0])

    def state(self, now: datetime) -> TaskState:
        if self.dead:
            return TaskState.DEAD
        running = self.lease_until is not None and self.lease_until >= now
        return TaskState.RUNNING if running else TaskState.WAITING

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

    def give_up(self, reason: str) -> None:
        """Keep it as dead for ops to see: no further attempt would help."""
        mine = Task.objects.filter(pk=self.pk, fence=self.fence)
        mine.update(lease_until=None, dead=True, last_error=reason[:2000])

    def done(self) -> bool:
        """Let go of it; False when it was promised again meanwhile and will run once more.

        A kind whose effect must not come twice, not even when its worker dies right after it, calls
        ``hold`` and this in the transaction of the effect: then all three happen or none.
        """
        mine = Task.objects.filter(pk=self.pk, fence=self.fence)
        if mine.filter(promises=self.promises).delete()[0]:
            return True
        mine.update(lease_until=None, attempts=0, last_error="")
        return False

    def failed(self, error: str, now: datetime) -> None:
        """Try again later, each time later; after ``MAX_ATTEMPTS`` keep it as dead for ops to see.

        Promised again meanwhile, it is due at once: another save must not wait for an older one's sake.
        """
        backoff = min(timedelta(seconds=2 ** min(self.attempts - 1, 10)), MAX_BACKOFF)
        backoff *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - only to drift apart
        mine = Task.objects.filter(pk=self.pk, fence=self.fence)
        if not mine.filter(promises=self.promises).update(
            lease_until=None,
            run_after=now + backoff,
            last_error=error[:2000],
            dead=self.attempts >= MAX_ATTEMPTS,
        ):
            mine.update(lease_until=None, last_error=error[:2000])
