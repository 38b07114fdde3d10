"""How old the newest backup is, for whoever watches: told at once, looked up beside the request."""

import threading
import time
from datetime import datetime

import structlog
from django.conf import settings
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.utils import timezone as clock

from devices.backups import catalogue

LOOK_EVERY = 300.0  # seconds
log = structlog.get_logger(__name__)


def possible() -> bool:
    """Whether the database is of the kind that backups are made of."""
    return connections[DEFAULT_DB_ALIAS].vendor == "mysql"


def in_use() -> bool:
    """Whether this Aerie is one that makes backups: it has keys for them, too."""
    return bool(settings.BACKUP_KEYS) and possible()


def keys_missing() -> bool:
    """Whether it should be one and is not. Development and tests have a key that everybody knows."""
    return possible() and not settings.BACKUP_KEYS


def installed_at() -> datetime | None:
    """When this database got its first table."""
    first = MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))["first"]
    return first if first is None or clock.is_aware(first) else clock.make_aware(first)


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
            newest = catalogue.newest(clock.now())
            self._newest = newest.timestamp() if newest else float("-inf")
        except Exception as error:  # the storage is away: what was known still holds
            log.warning("backups cannot be listed", error=type(error).__name__)
        finally:
            self._looked = time.monotonic()
            self._looking.release()


AGE = Age()


def register() -> None:
    """Have missing keys complained of."""
    checks.register(complain, checks.Tags.security)


def complain(app_configs: object, **options: object) -> list[checks.CheckMessage]:
    """``manage.py check``, which every ``migrate`` and every worker that starts does first."""
    if not keys_missing():
        return []
    hint = "Set BACKUP_KEYS: see .env.example. A database's own snapshots do not survive its account."
    return [checks.Warning("No backups of the database are made.", hint=hint, id="aerie.W001")]
