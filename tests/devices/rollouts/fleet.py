"""A fleet in memory that goes through a rollout as ``decide`` says, held to the laws at every step.

It counts by itself what ``decide`` is told and what it may do; nothing of the rows is here.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from devices.rollouts import windows
from devices.rollouts.decide import (
    Budget,
    Claim,
    Decision,
    Finish,
    Halt,
    OpenWave,
    Settle,
    Snapshot,
    Wait,
    WaveCount,
    decide,
)
from devices.rollouts.windows import Window

Fate = Literal["ok", "late", "lost", "failed", "silent", "unsent"]
State = Literal["waiting", "busy", "succeeded", "failed", "cancelled"]
# Asked for every access point at every moment.
may_start = lru_cache(maxsize=50_000)(windows.may_start)
may_start_next = lru_cache(maxsize=50_000)(windows.may_start_next)
ANSWER = timedelta(minutes=30)
RETRY_AFTER = timedelta(minutes=15)
TAKES = {"ok": 5, "lost": 5, "late": 29, "failed": 4, "silent": 30, "unsent": 30}  # minutes


@dataclass
class Target:
    """One access point; ``fates`` are how its attempts go, the last one again and again."""

    wave: int
    window: Window
    fates: tuple[Fate, ...]
    online: bool = True
    state: State = "waiting"
    tries: int = 0
    attempts: int = 0
    not_before: datetime | None = None
    ends_at: datetime | None = None

    @property
    def has_failed_before(self) -> bool:
        """It is tried again, or will be."""
        return self.attempts > {"waiting": 0, "busy": 1}.get(self.state, self.attempts)

    @property
    def fate(self) -> Fate:
        return self.fates[min(self.tries, len(self.fates)) - 1]


@dataclass
class Opened:
    """What happened to a wave."""

    size: int
    soak: timedelta
    opened_at: datetime | None = None
    settled_at: datetime | None = None


@dataclass
class Fleet:
    """``look`` asks ``decide`` and obeys; ``until`` lets time pass, from one event to the next."""

    starts_at: datetime
    gives_up_at: datetime
    budget: Budget
    at_once: int
    attempts: int
    waves: dict[int, Opened]
    targets: list[Target]
    now: datetime
    forgiven: int = 0
    ended: Halt | Finish | None = None
    wait: Wait | None = None
    log: list[Decision] = field(default_factory=list)

    # what decide is told

    def snapshot(self) -> Snapshot:
        waves = [self._count(number) for number in self.waves]
        # One that came back after all was forgiven in vain.
        self.forgiven = min(self.forgiven, len(self._failures()) + len(self._lost()))
        return Snapshot(
            self.starts_at, self.gives_up_at, self.budget, self.at_once, waves, ANSWER, self.forgiven
        )

    def _count(self, number: int) -> WaveCount:
        wave, mine = self.waves[number], [one for one in self.targets if one.wave == number]
        waiting = [self._how(one, wave) for one in mine if one.state == "waiting"]
        states = [one.state for one in mine]
        return WaveCount(
            number,
            wave.size,
            wave.soak,
            wave.opened_at,
            wave.settled_at,
            due=waiting.count("due"),
            ahead=waiting.count("ahead"),
            absent=waiting.count("absent"),
            retrying=sum(one.has_failed_before for one in mine),
            busy=states.count("busy"),
            succeeded=states.count("succeeded"),
            lost=len(self._lost()) if number == self.last else 0,
            failed=states.count("failed"),
            cancelled=states.count("cancelled"),
        )

    def _how(self, one: Target, wave: Opened) -> Literal["due", "ahead", "absent"]:
        came = wave.opened_at and may_start_next(one.window, wave.opened_at) <= self.now
        if not came or (one.not_before and one.not_before > self.now):
            return "ahead"
        if not one.online:
            return "absent"
        return "due" if may_start(one.window, self.now) else "ahead"

    # what it knows itself

    @property
    def last(self) -> int:
        """The last wave that was opened; 0 before the first."""
        return max((number for number, wave in self.waves.items() if wave.opened_at), default=0)

    def _in(self, *states: State) -> list[Target]:
        return [one for one in self.targets if one.state in states]

    def _lost(self) -> list[Target]:
        return [one for one in self._in("succeeded") if one.wave == self.last and not one.online]

    def due(self) -> list[Target]:
        opened = (one for one in self._in("waiting") if one.wave <= self.last)
        return [one for one in opened if self._how(one, self.waves[one.wave]) == "due"]

    @property
    def failures(self) -> int:
        """Those that count against the budget at this moment."""
        return len(self._failures()) + (len(self._lost()) if self._patience_is_over() else 0)

    def _failures(self) -> list[Target]:
        return [one for one in self.targets if one.state == "failed" or one.has_failed_before]

    def _patience_is_over(self) -> bool:
        wave = self.waves.get(self.last)
        return bool(wave and wave.settled_at and self.now >= wave.settled_at + wave.soak + ANSWER)

    @property
    def over_budget(self) -> bool:
        size = sum(one.wave <= self.last and one.state != "cancelled" for one in self.targets)
        amount, failures = self.budget.amount, self.failures - self.forgiven
        if self.budget.unit == "count":
            return failures >= amount
        return failures > 0 and failures * 100 >= size * amount

    # what it does

    def look(self) -> None:
        """Decide and obey until there is nothing to do now."""
        for _ in range(2 * len(self.waves) + len(self.targets) + 2):
            snapshot = self.snapshot()
            decision = decide(snapshot, self.now)
            assert decide(snapshot, self.now) == decision, "asked twice it says something else"
            self.obey(decision)
            if isinstance(decision, Wait | Halt | Finish):
                return
        raise AssertionError(f"it goes round in circles: {self.log[-6:]}")

    def obey(self, decision: Decision) -> None:
        self.log.append(decision)
        assert isinstance(decision, Halt) is self.over_budget
        match decision:
            case OpenWave(number):
                self._open(number)
            case Settle(number):
                assert not self._pending(number)
                self.waves[number].settled_at = self.now
            case Claim(count):
                self._claim(count)
            case Wait():
                assert decision.until is None or decision.until > self.now
                self.wait = decision
            case Halt() | Finish():
                self._end(decision)

    def _in_wave(self, number: int, *states: State) -> list[Target]:
        return [one for one in self._in(*states) if one.wave == number]

    def _pending(self, number: int) -> bool:
        """Whether anything of it could be done now or is yet to come."""
        waiting = self._in_wave(number, "waiting")
        hows = {self._how(one, self.waves[number]) for one in waiting}
        return bool(self._in_wave(number, "busy")) or bool(hows & {"due", "ahead"})

    def _open(self, number: int) -> None:
        assert number == self.last + 1
        assert self.starts_at <= self.now < self.gives_up_at
        if number > 1:
            self._check_former(number - 1)
        self.waves[number].opened_at = self.now

    def _check_former(self, number: int) -> None:
        """It settled, soaked and proved."""
        former = self.waves[number]
        assert former.settled_at is not None
        assert self.now >= former.settled_at + former.soak
        assert not self._pending(number)
        assert not self._lost() or self._patience_is_over()
        assert self._proved(number)

    def _proved(self, number: int) -> bool:
        former, here = self.waves[number], sum(one.online for one in self._in_wave(number, "succeeded"))
        bad = sum(one.wave == number for one in [*self._failures(), *self._lost()])
        left_out = len(self._in_wave(number, "cancelled")) + min(self.forgiven, bad)
        return here * 2 >= former.size - left_out

    def _claim(self, count: int) -> None:
        """As the engine does: the earliest wave's first; what comes late soaks unless its wave proved."""
        assert self.starts_at <= self.now < self.gives_up_at
        assert self.ended is None
        assert 0 < count <= len(self.due())
        goes_on = self.last < max(self.waves) and self._proved(self.last)
        for one in sorted(self.due(), key=lambda one: one.wave)[:count]:
            one.state, one.tries, one.attempts = "busy", one.tries + 1, one.attempts + 1
            one.ends_at = self.now + timedelta(minutes=TAKES[one.fate])
        assert len(self._in("busy")) <= self.at_once
        if not goes_on:
            self.waves[self.last].settled_at = None

    def _end(self, decision: Halt | Finish) -> None:
        self.ended = decision
        if isinstance(decision, Finish):
            assert not self._in("busy")
            assert decision.left_out == len(self._in("waiting"))
            assert self.now >= self.gives_up_at or (self._soaked() and not self._in("waiting"))

    def _soaked(self) -> bool:
        opened = [wave for wave in self.waves.values() if wave.opened_at]
        return all(wave.settled_at and self.now >= wave.settled_at + wave.soak for wave in opened)

    # how time passes

    def until(self, at: datetime) -> None:
        """Everything up to then, in its order."""
        while self.ended is None and (then := self._next()) <= at:
            self.pass_to(then)
        if self.now < at:
            self.pass_to(at)

    def _next(self) -> datetime:
        """The next moment at which something happens."""
        free = self._in("waiting")
        moments = [one.ends_at for one in self._in("busy")]
        moments += [one.not_before for one in free]
        moments += [may_start_next(window, self.now) for window in {one.window for one in free}]
        moments += [self.wait.until if self.wait else None]
        return min(
            (at for at in moments if at and at > self.now),
            default=datetime.max.replace(tzinfo=self.now.tzinfo),
        )

    def pass_to(self, at: datetime) -> None:
        self.now = at
        for one in self._in("busy"):
            if one.ends_at and one.ends_at <= at:
                self._settle(one)
        if self.ended is None:
            self.look()

    def _settle(self, one: Target) -> None:
        if one.fate in ("ok", "late", "lost"):
            one.state, one.online = "succeeded", one.online and one.fate != "lost"
        elif one.fate == "unsent":
            one.state, one.attempts = "waiting", one.attempts - 1
        elif one.attempts >= self.attempts:
            one.state = "failed"
        else:
            one.state, one.not_before = "waiting", self.now + RETRY_AFTER

    # what people do

    def cancel(self, some: list[Target]) -> None:
        for one in some:
            if one.state == "waiting":
                one.state = "cancelled"

    def resume(self) -> None:
        """After a halt: what is known is forgiven."""
        self.forgiven, self.ended = self.failures, None
