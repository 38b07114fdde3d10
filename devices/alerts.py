"""When somebody is told that access points are offline, and when it is over. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from devices.rollouts.windows import Window, is_open

# Our own work excuses a silence for so long after it began, whatever ``muted_until`` says.
LONGEST_MUTE = timedelta(minutes=60)
STABLE = timedelta(minutes=1)  # all are back for so long before an alert ends
# An outage of our own looks like everybody falling silent at once. For so long it is taken for one.
PATIENCE = timedelta(minutes=30)
RECENTLY = timedelta(hours=1)
MANY_ORGANISATIONS = 3  # fewer may well share one provider, or one building


@dataclass(frozen=True)
class Silent:
    """An access point whose link is offline. ``upgrading``: a rollout works on it."""

    pk: int
    serial: str
    network: int
    minutes: int
    since: datetime
    muted_until: datetime | None
    upgrading: bool
    window: Window


@dataclass(frozen=True)
class Fallen:
    """Who fell silent within the last hour, of how many organisations, and who is reachable."""

    access_points: int
    organisations: int
    reachable: int


class Step(Enum):
    KEEP = "keep"
    CALM = "calm"
    RELAPSE = "relapse"
    CLOSE = "close"


def is_due(one: Silent, now: datetime, patience: timedelta = timedelta()) -> bool:
    """Whether it is time to tell of it; ``patience`` is added to its rule's minutes."""
    if one.minutes <= 0 or now - one.since < timedelta(minutes=one.minutes) + patience:
        return False
    return not is_excused(one, now)


def is_excused(one: Silent, now: datetime) -> bool:
    """Whether its silence is our own work: muted, or upgraded inside its window; for a bounded time."""
    if now - one.since >= LONGEST_MUTE:
        return False
    muted = one.muted_until is not None and one.muted_until > now
    return muted or (one.upgrading and is_open(one.window, now))


def looks_like_ours(fallen: Fallen) -> bool:
    """At least half of everybody, of several organisations, within an hour: rather our outage than theirs."""
    return fallen.organisations >= MANY_ORGANISATIONS and fallen.access_points >= fallen.reachable


def next_step(missed: bool, calm_since: datetime | None, now: datetime) -> Step:
    """What becomes of an open alert; ``missed``: somebody it tells of is still away."""
    if missed:
        return Step.RELAPSE if calm_since else Step.KEEP
    if calm_since is None:
        return Step.CALM
    return Step.CLOSE if now - calm_since >= STABLE else Step.KEEP
