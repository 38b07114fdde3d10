"""Maintenance windows: the hours of a place's own clock in which its access points may be upgraded.

A moment is inside when the clock on the wall there shows a time from ``start`` up to ``end``. That
holds on every night of the year: an hour that is skipped in spring is in no window, one that
comes twice in autumn is in it twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# An upgrade takes some minutes: none begins right before the end.
LAST_START = timedelta(minutes=10)


@dataclass(frozen=True)
class Window:
    """``start`` and ``end`` on the wall of ``zone`` (an IANA name); over midnight when ``end`` is earlier.

    Equal times mean: always.
    """

    start: time
    end: time
    zone: str


def is_open(window: Window, now: datetime) -> bool:
    """Whether ``now`` (aware) is inside."""
    if window.start == window.end:
        return True
    wall = now.astimezone(_zone(window.zone)).time()
    if window.start < window.end:
        return window.start <= wall < window.end
    return wall >= window.start or wall < window.end


def closes(window: Window, now: datetime) -> datetime | None:
    """When a window that is open now closes; None for one that never does. In UTC."""
    if window.start == window.end:
        return None
    return min(at for at in _boundaries(window, now) if at > now and not is_open(window, at))


def opens(window: Window, now: datetime) -> datetime:
    """When it opens next, or ``now`` when it is open. In UTC."""
    if is_open(window, now):
        return now.astimezone(UTC)
    return min(at for at in _boundaries(window, now) if at > now and is_open(window, at))


def may_start(window: Window, now: datetime) -> bool:
    """Whether an upgrade may begin now: the window is open, and will be for a while."""
    if not is_open(window, now):
        return False
    end = closes(window, now)
    return end is None or end - now > last_start(window)


def may_start_next(window: Window, now: datetime) -> datetime:
    """When the next upgrade may begin, ``now`` included. In UTC.

    Not always when it opens next: spring may leave too little of one night's window.
    """
    at = now.astimezone(UTC)
    while not may_start(window, at):
        end = closes(window, at) if is_open(window, at) else None
        at = opens(window, end or at)
    return at


def last_start(window: Window) -> timedelta:
    """How long before the end none begins any more: ten minutes, or a quarter of a short window."""
    day = datetime(2000, 1, 1)  # noqa: DTZ001 - wall clock alone
    length = datetime.combine(day, window.end) - datetime.combine(day, window.start)
    return min(LAST_START, (length % DAY) / 4)


def _boundaries(window: Window, now: datetime) -> Iterator[datetime]:
    """Every moment around ``now`` at which it may open or close, in UTC."""
    today = now.astimezone(_zone(window.zone)).date()
    for days in range(-1, 4):
        for at in (window.start, window.end):
            yield from _moments(today + timedelta(days=days), at, window.zone)
        yield from _shifts(today + timedelta(days=days), window.zone)


def _moments(day: date, at: time, zone: str) -> Iterator[datetime]:
    """When the wall shows this: once, twice in autumn, and in a gap of spring some moment near it."""
    for fold in (0, 1):
        yield datetime.combine(day, at, _zone(zone)).replace(fold=fold).astimezone(UTC)


@lru_cache(maxsize=4096)
def _shifts(day: date, zone: str) -> tuple[datetime, ...]:
    """When the clocks are changed on this day, if they are."""
    place = _zone(zone)
    early = datetime.combine(day, time(), place).astimezone(UTC)
    late = datetime.combine(day + DAY, time(), place).astimezone(UTC)
    offset = early.astimezone(place).utcoffset()
    if late.astimezone(place).utcoffset() == offset:
        return ()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        same = middle.astimezone(place).utcoffset() == offset
        early, late = (middle, late) if same else (early, middle)
    return (late.replace(microsecond=0),)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
