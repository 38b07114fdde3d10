"""Target tracking, minute by minute: what an auto-scaling group does with a load, without any group.

The arithmetic is Amazon's as its guide to EC2 Auto Scaling tells it ("Target tracking scaling policies"): an
alarm rings after three minutes above the target, another after fifteen below nine tenths of it; the
group then wants ceil(ready instances x metric / target), never less than the floor of that hour. Pure.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

OUT_AFTER = 3  # minutes above the target
IN_AFTER = 15  # minutes below IN_BELOW of it
IN_BELOW = 0.9
HOUR = 60  # minutes
DAY = 24 * HOUR


@dataclass(frozen=True)
class Floor:
    """At least this many instances from one hour to another, on these days of the week (Monday is 0)."""

    from_hour: int
    to_hour: int
    least: int
    days: frozenset[int] = frozenset(range(7))

    def holds(self, minute: int) -> bool:
        day, hour = minute // DAY % 7, minute % DAY // HOUR
        return day in self.days and self.from_hour <= hour < self.to_hour


@dataclass(frozen=True)
class Policy:
    """``target`` is requests a minute for each instance; ``boot`` and ``drain`` are minutes."""

    target: float
    least: int
    most: int
    floors: Sequence[Floor] = ()
    boot: int = 3
    drain: int = 5

    def floor(self, minute: int) -> int:
        return max([self.least, *(floor.least for floor in self.floors if floor.holds(minute))])

    def wanted(self, ready: int, metric: float, minute: int) -> int:
        return min(self.most, max(self.floor(minute), math.ceil(ready * metric / self.target)))


@dataclass(frozen=True)
class Minute:
    """``load`` is requests in this minute; ``paid`` counts those that start and those that drain too."""

    load: float
    ready: int
    paid: int

    @property
    def per_instance(self) -> float:
        return self.load / self.ready


@dataclass
class Fleet:
    """One group. ``minute`` moves it on."""

    policy: Policy
    ready: int = 0
    starting: list[int] = field(default_factory=list)  # the minutes in which they will be ready
    draining: list[int] = field(default_factory=list)  # … and gone
    metrics: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ready = self.ready or self.policy.floor(0)

    def minute(self, now: int, load: float) -> Minute:
        self.ready += sum(due <= now for due in self.starting)
        self.starting = [due for due in self.starting if due > now]
        self.draining = [due for due in self.draining if due > now]
        self.metrics = [*self.metrics, load / self.ready][-IN_AFTER:]
        self._scale(now)
        return Minute(load, self.ready, self.ready + len(self.starting) + len(self.draining))

    def _scale(self, now: int) -> None:
        coming = self.ready + len(self.starting)
        wanted = max(self._answer(now), self.policy.floor(now))
        self.starting += [now + self.policy.boot] * (wanted - coming)
        if wanted < self.ready and not self.starting:
            self.draining += [now + self.policy.drain] * (self.ready - wanted)
            self.ready = wanted

    def _answer(self, now: int) -> int:
        """How many the alarms ask for; as many as there are when none rings."""
        target, metrics = self.policy.target, self.metrics
        if min(metrics[-OUT_AFTER:]) > target and len(metrics) >= OUT_AFTER:
            return max(self.ready + len(self.starting), self.policy.wanted(self.ready, metrics[-1], now))
        if max(metrics) < IN_BELOW * target and len(metrics) >= IN_AFTER and not self.starting:
            return self.policy.wanted(self.ready, metrics[-1], now)
        return self.ready + len(self.starting)


def play(policy: Policy, load: Callable[[int], float], minutes: int) -> Iterator[Minute]:
    """The group under this load, from Monday midnight on."""
    fleet = Fleet(policy)
    for now in range(minutes):
        yield fleet.minute(now, load(now))
