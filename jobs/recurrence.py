"""When something recurs by the calendar, in UTC. Pure: the moment is handed in.

``latest(now)`` is the last time it was due, ``now`` included: after an outage that one is
caught up, and the ones before it are not, for they are older than a whole period.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol


class Recurrence(Protocol):
    def latest(self, now: datetime) -> datetime:
        """The last due moment that is not after ``now``."""
        ...

    def __str__(self) -> str:
        """In words, for the list of the timetable."""
        ...


@dataclass(frozen=True)
class Daily:
    """Every day at this time."""

    at: time

    def latest(self, now: datetime) -> datetime:
        today = _on(now, self.at)
        return today if today <= now else today - timedelta(days=1)

    def __str__(self) -> str:
        return f"daily {self.at:%H:%M} UTC"


@dataclass(frozen=True)
class Weekly:
    """``weekday`` as in ``calendar``: ``calendar.MONDAY`` is 0."""

    weekday: int
    at: time

    def latest(self, now: datetime) -> datetime:
        day = _on(now, self.at) - timedelta(days=(now.astimezone(UTC).weekday() - self.weekday) % 7)
        return day if day <= now else day - timedelta(days=7)

    def __str__(self) -> str:
        return f"{calendar.day_name[self.weekday]}s {self.at:%H:%M} UTC"


@dataclass(frozen=True)
class Monthly:
    """``day`` is 1 to 28, which every month has."""

    day: int
    at: time

    def __post_init__(self) -> None:
        if not 1 <= self.day <= 28:
            raise ValueError(f"Not every month has a day {self.day}.")

    def latest(self, now: datetime) -> datetime:
        this = _on(now, self.at).replace(day=self.day)
        return this if this <= now else (this.replace(day=1) - timedelta(days=1)).replace(day=self.day)

    def __str__(self) -> str:
        return f"monthly on day {self.day} {self.at:%H:%M} UTC"


def _on(now: datetime, at: time) -> datetime:
    """That time of ``now``'s day in UTC."""
    return datetime.combine(now.astimezone(UTC).date(), at, UTC)
