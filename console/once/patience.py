"""How long a request waits for a writer: a fail-over's time, and not for one that stays away."""

import random
import time
from collections.abc import Callable

from django.db import connection, connections

from devices import faults

PATIENCE = 14.0  # seconds a request waits in all
OUTAGE = 20.0  # seconds after which nobody waits any more: threads that all wait serve nobody
FIRST, LONGEST = 0.02, 0.4  # seconds between two looks

Ticks = Callable[[], float]


class Outage:
    """Since when this process finds no writer."""

    def __init__(self, ticks: Ticks = time.monotonic) -> None:
        self._ticks = ticks
        self._since: float | None = None

    def noticed(self) -> None:
        self._since = self._ticks() if self._since is None else self._since

    def over(self) -> None:
        self._since = None

    @property
    def seconds(self) -> float:
        return 0.0 if self._since is None else self._ticks() - self._since


OUTAGE_NOW = Outage()


class Patience:
    """One request's."""

    def __init__(self, ticks: Ticks = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        self._ticks = ticks
        self._sleep = sleep
        self._until = ticks() + PATIENCE
        self._pause = FIRST

    def again(self) -> bool:
        """Wait until a writer answers; False when it takes too long."""
        while self._ticks() < self._until and OUTAGE_NOW.seconds < OUTAGE:
            self._sleep(self._pause * random.uniform(0.5, 1.0))  # noqa: S311 - only to drift apart
            self._pause = min(2 * self._pause, LONGEST)
            _drop_what_broke()
            if answers():
                return True
        return False


def _drop_what_broke() -> None:
    """Of every connection that this thread has, not the writer's alone."""
    for one in connections.all(initialized_only=True):
        if not one.in_atomic_block:
            one.close_if_unusable_or_obsolete()


def answers() -> bool:
    """Whether there is a writer; the connection to it is open then."""
    try:
        connection.close_if_health_check_failed()
        connection.ensure_connection()
    except Exception as error:
        if not faults.is_passing(error):
            raise
        OUTAGE_NOW.noticed()
        return False
    OUTAGE_NOW.over()
    return True
