"""How old the newest backup is, for whoever watches: told at once, looked up beside the request."""

import threading
import time

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone as clock
from prometheus_client import Gauge

from devices.backups import catalogue

LOOK_EVERY = 300.0  # seconds
log = structlog.get_logger(__name__)


def in_use() -> bool:
    """Whether this Aerie is one that makes backups: it has keys for them and a database of the kind."""
    return bool(settings.BACKUP_KEYS) and connections[DEFAULT_DB_ALIAS].vendor == "mysql"


class Age:
    """Seconds since the newest backup was begun; infinite without any, NaN until somebody has looked."""

    def __init__(self) -> None:
        self._newest: float | None = None
        self._looked = float("-inf")
        self._looking = threading.Lock()

    def __call__(self) -> float:
        """Never waits: the storage is asked by a thread of its own, for next time."""
        if time.monotonic() - self._looked >= LOOK_EVERY and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look, name="backup-age", daemon=True).start()
        return float("nan") if self._newest is None else clock.now().timestamp() - self._newest

    def _look(self) -> None:
        try:
            newest = catalogue.newest()
            self._newest = newest.timestamp() if newest else float("-inf")
        except Exception as error:  # the storage is away: what was known still holds
            log.warning("backups cannot be listed", error=type(error).__name__)
        finally:
            self._looked = time.monotonic()
            self._looking.release()


AGE = Age()


def register() -> None:
    """Put it on this process's page of metrics."""
    if in_use():
        gauge = Gauge("aerie_backup_age_seconds", "Since the newest backup was begun; +Inf without any")
        gauge.set_function(AGE)
