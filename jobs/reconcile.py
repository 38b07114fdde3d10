"""Whatever should be going on and is not, promised again: MySQL and the live store are asked, nobody told us.

The second of the metronome's two fast jobs. It only finds and promises; the work is done by tasks.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone as clock

from devices import replica
from jobs import commands, occasions, publish, rollouts
from outpost.store.contract import StoreUnavailable

log = structlog.get_logger(__name__)


def _beat(now: datetime) -> int:
    replica.beat()
    return 0


# What each counts: things it found amiss or due. The calendar's occasions are one step more.
STEPS: Mapping[str, Callable[[datetime], int]] = {
    "rebuilds": lambda now: int(publish.restore()),
    "rollouts": lambda now: rollouts.watch(),
    "commands": lambda now: commands.give_up(),
    "heartbeat": _beat,
}


def reconcile(calendar: Iterable[occasions.Recurring]) -> dict[str, int | str]:
    """How many each step found; the kind of its fault instead where one could not look."""
    now = clock.now()
    steps = {**STEPS, "occasions": lambda now: occasions.look(calendar, now)}
    return {name: _step(name, look, now) for name, look in steps.items()}


def _step(name: str, look: Callable[[datetime], int], now: datetime) -> int | str:
    """One that cannot look keeps no other from looking; all look again in a few seconds."""
    try:
        return look(now)
    except (StoreUnavailable, DatabaseError) as error:
        log.warning("not reconciled", step=name, error=type(error).__name__)
        close_old_connections()
        return type(error).__name__
    except Exception as error:
        log.exception("not reconciled", step=name)
        return type(error).__name__
