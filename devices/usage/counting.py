"""What was added to an access point's counters since the last look. Pure: numbers in, numbers out.

Counters start again at nought when the access point does, when its Wi-Fi is set up anew, and for every client
that comes back. None of that may make a difference negative, or count what was counted before.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from devices.models.usage import FINE
from devices.reported import State

LONGEST = 3600  # seconds: what a longer silence added is shown in the last hour of it
# Ten gigabits a second through one access point: whatever counts more has miscounted.
MOST_PER_SECOND = 1_250_000_000

Counters = Mapping[str, Sequence[int]]


class Traffic(NamedTuple):
    """Bytes as clients see them."""

    downloaded: int = 0
    uploaded: int = 0

    def __add__(self, other: tuple[int, ...]) -> "Traffic":  # type: ignore[override]
        return Traffic(self.downloaded + other[0], self.uploaded + other[1])


def readings(state: State) -> dict[str, list[int]]:
    """What every counter of it stands at, to compare the next one with."""
    found: dict[str, list[int]] = {}
    for meter in state.meters:
        was = found.get(meter.key, (0, 0))
        found[meter.key] = [was[0] + meter.downloaded, was[1] + meter.uploaded]
    return found


def moved(before: Counters | None, state: State, elapsed: float) -> dict[str, Traffic]:
    """Traffic by SSID since ``before``, which is ``elapsed`` seconds old; nought at a first look."""
    told, total = readings(state), defaultdict(Traffic)
    for meter in {meter.key: meter for meter in state.meters}.values():
        now = Traffic(*told[meter.key])
        ages = [age for age in (meter.age, state.uptime) if age is not None]
        added = _added(before, meter.key, now, min(ages, default=None), elapsed)
        total[meter.ssid] += added if max(added) <= MOST_PER_SECOND * elapsed else Traffic()
    return dict(total)


def _added(before: Counters | None, key: str, now: Traffic, age: int | None, elapsed: float) -> Traffic:
    if before is None:
        return Traffic()
    was = before.get(key)
    if age is not None and age < elapsed:  # it began to count after the last look
        return now
    if was is None:
        return Traffic()
    if now[0] < was[0] or now[1] < was[1]:  # it began again, in between
        return now
    return Traffic(now[0] - was[0], now[1] - was[1])


def slots(start: float, end: float) -> range:
    """The beginnings of the five minutes touched by the time after ``start`` up to ``end``, Unix seconds."""
    start = max(start, end - LONGEST)
    first, last = int(start // FINE), max(int(start // FINE), int(-(-end // FINE)) - 1)
    return range(first * FINE, (last + 1) * FINE, FINE)


def spread(amount: int, start: float, end: float) -> list[int]:
    """The amount shared out among ``slots(start, end)`` by time; the sum is the amount."""
    touched, start = slots(start, end), max(start, end - LONGEST)
    length = max(end - start, 1e-9)
    until = [
        amount if slot + FINE >= end else int(amount * (slot + FINE - start) / length) for slot in touched
    ]
    return [present - past for past, present in zip([0, *until], until, strict=False)]
