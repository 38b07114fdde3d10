"""How long an access point was online, out of what its log says of its comings and goings. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ARRIVALS, DEPARTURES = ("connected", "heard"), ("disconnected", "silent")
KINDS = (*ARRIVALS, *DEPARTURES)
NONE = timedelta(0)
# Shorter ones are reconnections, which nobody's clients notice; their time still counts.
BRIEF = timedelta(minutes=1)


@dataclass(frozen=True)
class Change:
    """A line of the log; ``session`` is the connection it is about, 0 where it does not say."""

    at: datetime
    kind: str
    session: int = 0


@dataclass(frozen=True)
class Online:
    """How long watched, how long online, how often offline for a minute or more, and the longest of it."""

    watched: timedelta = NONE
    online: timedelta = NONE
    outages: int = 0
    longest: timedelta = NONE

    def __add__(self, other: "Online") -> "Online":
        return Online(
            self.watched + other.watched,
            self.online + other.online,
            self.outages + other.outages,
            max(self.longest, other.longest),
        )

    @property
    def percent(self) -> float | None:
        """None when it was never watched."""
        return 100 * (self.online / self.watched) if self.watched else None


def time_online(before: bool, changes: Iterable[Change], start: datetime, end: datetime) -> Online:
    """What became of it between two moments; ``before`` is whether it was online at the first.

    The changes may come in any order, repeat what is so already, and lie outside.
    """
    if end <= start:
        return Online()
    absences = [
        (left, back) for left, back in _absences(before, _current(changes), start, end) if back > left
    ]
    lengths = [back - left for left, back in absences]
    return Online(
        watched=end - start,
        online=(end - start) - sum(lengths, NONE),
        outages=sum(length >= BRIEF for length in lengths),
        longest=max(lengths, default=NONE),
    )


def _current(changes: Iterable[Change]) -> list[Change]:
    """In order of time, without the ends of connections that others had replaced by then."""
    found, present = [], 0
    for change in sorted(changes, key=lambda one: one.at):
        if change.kind == "connected":
            present = max(present, change.session)
        if not (change.kind == "disconnected" and 0 < change.session < present):
            found.append(change)
    return found


def _absences(
    before: bool, changes: Sequence[Change], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    found, left = [], None if before else start
    for change in changes:
        at = min(max(change.at, start), end)
        if change.kind in DEPARTURES and left is None:
            left = at
        elif change.kind in ARRIVALS and left is not None:
            found.append((left, at))
            left = None
    return found if left is None else [*found, (left, end)]
