"""What pages ask of the live store. When it is away they say so and show the rest."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from devices.live_store import live_store
from devices.models import AccessPoint
from devices.reported import State, read_state, states
from outpost.store.contract import Reported, StoreUnavailable

# A page adds up the clients of at most this many access points: 2,000 states are read in about 0.2 s.
COUNTED = 2000
BATCH = 1000


def clients_on(serials: Sequence[str]) -> dict[str, int] | None:
    """How many clients each of them has now; None when nobody can say, or they are too many to ask."""
    if len(serials) > COUNTED:
        return None
    try:
        found = list(states(live_store(), list(serials))) if serials else []
    except StoreUnavailable:
        return None
    return {reported.serial: len(state.clients) for reported, state in found if reported.connected}


def reports(serials: Sequence[str]) -> list[tuple[Reported, State]] | None:
    """What each of them last said, in the order asked; None when the live store is away."""
    try:
        return list(states(live_store(), list(serials)))
    except StoreUnavailable:
        return None


def report(serial: str) -> tuple[Reported, State] | None:
    try:
        (reported,) = live_store().reported([serial], with_state=True)
    except StoreUnavailable:
        return None
    return reported, read_state(reported.state)


def heard_of(access_points: Iterable[AccessPoint]) -> Iterator[AccessPoint]:
    """The same rows, each with its last sign of life: MySQL hears of facts alone, not of every check-in."""
    rows = iter(access_points)
    while batch := list(islice(rows, BATCH)):
        for access_point, at in zip(batch, _last_seen([one.serial for one in batch]), strict=True):
            access_point.last_seen = max(filter(None, (access_point.last_seen, at)), default=None)
            yield access_point


def _last_seen(serials: Sequence[str]) -> list[datetime | None]:
    try:
        found = live_store().reported(serials)
    except StoreUnavailable:
        return [None] * len(serials)
    return [datetime.fromtimestamp(one.last_seen, UTC) if one.last_seen else None for one in found]
