"""Whether the read replica is fit to be asked: it answers, and is not far behind.

Asked of it about once a second per process, on a connection of its own with short time limits, by
one thread while the others go by the last answer. A replica that does not answer is left alone for
a few seconds, so that a dead one costs one short wait now and then and not one per reader.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC
from enum import StrEnum

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, ProgrammingError, connections
from django.utils import timezone as clock
from prometheus_client import Counter

ALIAS = "replica"
RECHECK = 1.0  # seconds after which a good answer, or the word that it lags, is asked for again
BELIEVED = 2.0  # seconds a good answer still holds while somebody asks again, and not a moment longer
RETRY = 5.0  # seconds a replica that did not answer is left alone
LOG_EVERY = 60.0  # seconds
_SHORT = {"connect_timeout": 1, "read_timeout": 1, "write_timeout": 1}  # seconds, whole ones alone

FALLBACKS = Counter(
    "aerie_replica_fallbacks", "Reads the replica should have answered and the primary did", ["why"]
)
log = structlog.get_logger(__name__)


class Why(StrEnum):
    """Why the replica is not asked."""

    UNKNOWN = "unknown"  # nobody has an answer yet, or the last one is too old
    DEAD = "dead"  # does not answer, or refuses us
    EMPTY = "empty"  # answers, and has no heartbeat
    LAGGING = "lagging"
    BROKE = "broke"  # failed in the middle of a read


class NoHeartbeat(Exception):
    """The replica answers but never saw a heartbeat."""


class Health:
    """``measure`` tells the lag in seconds, or raises ``NoHeartbeat`` or one of Django's database errors."""

    def __init__(
        self, measure: Callable[[], float], most: float, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._measure = measure
        self._most = most
        self._ticks = ticks
        self._asking = threading.Lock()
        self._why: Why | None = Why.UNKNOWN
        self._until = float("-inf")
        self._answered = float("-inf")
        self._logged = float("-inf")
        self.lag: float | None = None  # seconds, as last measured; None when it could not be

    def why_not(self) -> Why | None:
        """None when it may be asked."""
        if self._ticks() >= self._until and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        if self._why is None and self._ticks() - self._answered > BELIEVED:
            # Somebody else still waits for its answer: that it was fit an hour ago says nothing.
            return Why.UNKNOWN
        return self._why

    def broke(self) -> None:
        """A read failed on it: leave it alone for a while."""
        self._conclude(Why.BROKE)

    def fell_back(self, why: Why) -> None:
        """Count it, and say so once a minute."""
        FALLBACKS.labels(why=why.value).inc()
        if self._ticks() - self._logged >= LOG_EVERY:
            self._logged = self._ticks()
            log.warning("the replica is not asked, the primary is", why=why.value)

    def _ask(self) -> None:
        self.lag = None
        try:
            self.lag = lag = self._measure()
        except (NoHeartbeat, ProgrammingError):
            self._conclude(Why.EMPTY)
        except (DatabaseError, InterfaceError):
            self._conclude(Why.DEAD)
        else:
            self._conclude(Why.LAGGING if lag > self._most else None)

    def _conclude(self, why: Why | None) -> None:
        self._answered = self._ticks()
        self._why = why
        self._until = self._answered + (RECHECK if why in (None, Why.LAGGING) else RETRY)


def measure_lag() -> float:
    """Seconds since the newest heartbeat the replica has. Raises what ``Health`` expects."""
    connection = connections[ALIAS].copy()
    if connection.vendor == "mysql":
        connection.settings_dict["OPTIONS"] = connection.settings_dict.get("OPTIONS", {}) | _SHORT
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT MAX(at) FROM devices_heartbeat")
            (at,) = cursor.fetchone()
    finally:
        connection.close()
    if at is None:
        raise NoHeartbeat
    return max(0.0, (clock.now() - at.replace(tzinfo=UTC)).total_seconds())


HEALTH = Health(measure_lag, settings.DATABASE_REPLICA_MAX_LAG)
