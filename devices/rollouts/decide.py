"""What a rollout does next. Pure: a snapshot and the time in, one decision out.

A wave is open once it has begun, and stays so: whoever of it comes late is still upgraded. It is settled
when nothing of it is left that could be done now or in a window still ahead of it; then it
soaks, and only afterwards the next one opens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal


@dataclass(frozen=True)
class Budget:
    """How many failures halt a rollout: so many, or percent of the access points in the waves opened so far.

    Percent are rounded up and at least one failure: the first one halts a canary of one.
    """

    amount: int
    unit: Literal["count", "percent"] = "percent"

    def reached(self, failures: int, opened: int) -> bool:
        limit = self.amount if self.unit == "count" else ceil(opened * self.amount / 100)
        return failures >= max(1, limit)


@dataclass(frozen=True)
class WaveCount:
    """One wave in numbers of access points.

    ``due`` could be claimed now; ``ahead`` wait for a window that has not come since the wave opened, or
    for another try; ``absent`` were offline when their window came. ``lost`` are those of
    ``succeeded`` that fell silent since. ``retrying`` are those of the waiting and busy ones whose
    attempt before failed.
    """

    number: int
    size: int
    soak: timedelta
    opened_at: datetime | None = None
    settled_at: datetime | None = None
    due: int = 0
    ahead: int = 0
    absent: int = 0
    retrying: int = 0
    busy: int = 0
    succeeded: int = 0
    lost: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def failures(self) -> int:
        return self.failed + self.retrying

    @property
    def pending(self) -> int:
        """Those of whom there is still something to hear before the wave can soak."""
        return self.due + self.ahead + self.busy

    @property
    def waiting(self) -> int:
        return self.due + self.ahead + self.absent

    def proves(self, forgiven: int) -> bool:
        """Whether enough of it were upgraded to tell: half of those neither left out nor forgiven."""
        told = self.size - self.cancelled - min(forgiven, self.failures + self.lost)
        return (self.succeeded - self.lost) * 2 >= told


@dataclass(frozen=True)
class Snapshot:
    """A rollout that is scheduled or running, in numbers.

    ``patience``: how long after its soak a wave waits for those that fell silent, before they
    count as failures. ``forgiven`` failures were known to whoever resumed it after a halt.
    """

    starts_at: datetime
    gives_up_at: datetime
    budget: Budget
    at_once: int
    waves: Sequence[WaveCount]
    patience: timedelta = timedelta(minutes=30)
    forgiven: int = 0

    @property
    def opened(self) -> list[WaveCount]:
        return [wave for wave in self.waves if wave.opened_at is not None]

    @property
    def stays_settled(self) -> bool:
        """Whether its last wave need not soak anew for one that comes late: it proved, and others follow.

        Else a few that come back one by one would hold up everybody after them.
        """
        last = self.opened[-1] if self.opened else None
        return bool(last and last.settled_at and self.next and last.proves(self.forgiven))

    @property
    def next(self) -> WaveCount | None:
        return next((wave for wave in self.waves if wave.opened_at is None), None)


@dataclass(frozen=True)
class Wait:
    """Nothing to do; ``until`` is when that may change by time alone, None when only news can."""

    why: Literal["not started", "busy", "windows", "soaking", "lost", "unproved", "absent"]
    until: datetime | None = None


@dataclass(frozen=True)
class OpenWave:
    number: int


@dataclass(frozen=True)
class Settle:
    """Its soak begins."""

    number: int


@dataclass(frozen=True)
class Claim:
    """Upgrade up to ``count`` of those that are due, the earliest wave's first."""

    count: int


@dataclass(frozen=True)
class Halt:
    failures: int
    opened: int


@dataclass(frozen=True)
class Finish:
    """``left_out``: still waiting ones that are given up."""

    left_out: int = 0


Decision = Wait | OpenWave | Settle | Claim | Halt | Finish


def decide(snapshot: Snapshot, now: datetime) -> Decision:
    """The next thing to do; asked again after every one but ``Wait``, ``Halt`` and ``Finish``."""
    opened = snapshot.opened
    size = sum(wave.size - wave.cancelled for wave in opened)
    failures = sum(wave.failures for wave in opened) + _given_up(snapshot, now) - snapshot.forgiven
    if failures > 0 and snapshot.budget.reached(failures, size):
        return Halt(failures, size)
    if now < snapshot.starts_at:
        return Wait("not started", snapshot.starts_at)
    if ended := _ended(snapshot, now):
        return ended
    return _claim(snapshot, opened) or _move_on(snapshot, opened, now)


def _ended(snapshot: Snapshot, now: datetime) -> Decision | None:
    """Everybody has an end and the last soak is over, or the time for it all is."""
    busy = sum(wave.busy for wave in snapshot.waves)
    waiting = sum(wave.waiting for wave in snapshot.waves)
    if now >= snapshot.gives_up_at:
        return Wait("busy") if busy else Finish(left_out=waiting)
    if busy or waiting or not all(_soaked(wave, now) for wave in snapshot.opened):
        return None
    return Finish()


def _claim(snapshot: Snapshot, opened: Sequence[WaveCount]) -> Claim | None:
    room = snapshot.at_once - sum(wave.busy for wave in snapshot.waves)
    count = min(room, sum(wave.due for wave in opened))
    return Claim(count) if count > 0 else None


def _move_on(snapshot: Snapshot, opened: Sequence[WaveCount], now: datetime) -> Decision:
    if not opened:
        return OpenWave(snapshot.waves[0].number)
    last = opened[-1]
    if last.pending:
        return Wait("busy" if last.busy or last.due else "windows")
    if last.settled_at is None:
        return Settle(last.number)
    soaked_at = last.settled_at + last.soak
    if now < soaked_at:
        return Wait("soaking", soaked_at)
    if last.lost and now < soaked_at + snapshot.patience:
        return Wait("lost", soaked_at + snapshot.patience)
    return _go_on(snapshot, last)


def _go_on(snapshot: Snapshot, last: WaveCount) -> Decision:
    if snapshot.next is None:
        return Wait("absent", snapshot.gives_up_at)
    if not last.proves(snapshot.forgiven):
        return Wait("unproved", snapshot.gives_up_at)
    return OpenWave(snapshot.next.number)


def _given_up(snapshot: Snapshot, now: datetime) -> int:
    """Those of the last wave that fell silent after their upgrade and did not come back."""
    last = snapshot.opened[-1] if snapshot.opened else None
    if last is None or last.settled_at is None or now < last.settled_at + last.soak + snapshot.patience:
        return 0
    return last.lost


def _soaked(wave: WaveCount, now: datetime) -> bool:
    return wave.settled_at is not None and now >= wave.settled_at + wave.soak
