"""Whatever should be going on and is not, promised again: MySQL and the live store are asked, nobody told us.

The second of the metronome's two fast jobs. It only finds and promises; the work is done by tasks.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone as clock

from devices import replica
from jobs import commands, occasions, publish, rollouts
from outpost.store.contract import StoreUnavailable

log = structlog.get_logger(__name__)


def _come_due(now: datetime) -> int:
    from jobs.schedule import CALENDAR  # that page names this job: it cannot be read before it

    return occasions.look(CALENDAR, now)


def _beat(now: datetime) -> int:
    replica.beat()
    return 0


# What each counts: things it found amiss or due.
STEPS: Mapping[str, Callable[[datetime], int]] = {
    "rebuilds": lambda now: int(publish.restore()),
    "rollouts": lambda now: rollouts.watch(),
    "commands": lambda now: commands.give_up(),
    "occasions": _come_due,
    "heartbeat": _beat,
}


def reconcile() -> dict[str, int | str]:
    """Periodic. How many each step found; the kind of its fault instead where one could not look."""
    now = clock.now()
    return {name: _step(name, look, now) for name, look in STEPS.items()}


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
