"""Whether this machine's clock is right: MySQL's is the time that all instances share.

Leases, links, windows and sign-ins are compared with times other instances wrote. One whose clock is
wrong would take over what others are at, or believe what has expired; it must not go on, and says so.
"""

import time
from collections.abc import Callable
from datetime import UTC

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

MOST = 5.0  # seconds either way: a third of a task's lease, and far more than timesyncd leaves
RECHECK = 5.0  # seconds one measurement is believed
log = structlog.get_logger(__name__)


class Skew:
    """``ahead`` is what was measured last; while MySQL is away or slow that stands.

    It is 0 before the first time.
    """

    def __init__(self, measure: Callable[[], float], ticks: Callable[[], float] = time.monotonic) -> None:
        self._measure, self._ticks = measure, ticks
        self._until = float("-inf")
        self._ahead = 0.0

    def ahead(self) -> float:
        """Seconds, negative when this machine's clock is behind."""
        if self._ticks() >= self._until:
            self._until = self._ticks() + RECHECK
            self._look()
        return self._ahead

    @property
    def known(self) -> float:
        """The same as of the last time, without asking anybody."""
        return self._ahead

    def is_wrong(self) -> bool:
        return is_wrong(self.ahead())

    def _look(self) -> None:
        try:
            self._ahead = self._measure()
        except (DatabaseError, InterfaceError, TimeoutError):
            return
        if is_wrong(self._ahead):
            log.error("the clock of this machine is wrong", ahead_seconds=round(self._ahead, 1))


def is_wrong(ahead: float) -> bool:
    return abs(ahead) > MOST


def measure(on: BaseDatabaseWrapper | None = None, ticks: Callable[[], float] = time.monotonic) -> float:
    """Seconds by which our clock is ahead of MySQL's, as of the middle of the question. 0 on SQLite.

    ``on`` is the connection, this thread's when none is named. Raises ``DatabaseError``, ``InterfaceError``,
    and ``TimeoutError`` when the answer took longer than ``MOST``: half of that would count as skew.
    """
    on = on or connection
    if on.vendor != "mysql":
        return 0.0
    if not on.in_atomic_block:
        on.close_if_unusable_or_obsolete()
    with on.cursor() as cursor:
        began, asked = ticks(), time.time()
        cursor.execute("SELECT UTC_TIMESTAMP(6)")
        (theirs,) = cursor.fetchone()
        if ticks() - began > MOST:
            raise TimeoutError("MySQL took too long to say what time it is")
        return (asked + time.time()) / 2 - theirs.replace(tzinfo=UTC).timestamp()


SKEW = Skew(measure)
