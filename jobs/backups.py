"""The nightly backup, and the alarm when there was none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from devices.backups import catalogue, creating, pruning
from devices.backups.age import in_use, installed_at, keys_missing
from devices.models import Task
from devices.models.task import LeaseLost
from jobs.models import Occasion

HOLD_EVERY = 5.0  # seconds; a third of a task's lease
MISSING_AFTER = timedelta(hours=26)
log = structlog.get_logger(__name__)


def create(task: Task) -> None:
    """The backup of the occasion ``at``, unless an earlier attempt made it before it was killed."""
    if not in_use():
        log.info("no backup is made: BACKUP_KEYS is not set, or the database is the demo's")
        return
    newest = catalogue.newest(clock.now())
    if newest is None or newest < datetime.fromisoformat(task.payload["at"]):
        with _held(task) as tell:
            manifest = creating.create(clock.now(), tell)
        log.info("backup made", backup=manifest.name, bytes=manifest.stored, rows=manifest.rows)
    for name in pruning.prune():
        log.info("backup removed", backup=name)


def check() -> bool:
    """Whether all is well; if not, say so in the log each time and to the operators once a day."""
    if not in_use():
        if keys_missing():
            log.warning("no backups of the database are made: BACKUP_KEYS is missing")
        return True
    now = clock.now()
    try:
        newest = catalogue.newest(now)
    except (BotoCoreError, ClientError, OSError) as error:
        return _unreachable(now, error)
    since = newest or installed_at()
    if since is not None and now - since <= MISSING_AFTER:
        return True
    log.error("no backup succeeded for 26 hours", newest=newest.isoformat() if newest else None)
    last = f"{newest:%Y-%m-%d %H:%M} UTC" if newest else _("never")
    _tell_operators(
        now,
        _("Backups are missing"),
        _("No backup of the database succeeded in the last 26 hours. Last: %(last)s.") % {"last": last},
    )
    return False


def _unreachable(now: datetime, error: Exception) -> bool:
    """Whether there are backups is not known, and none can be made: that must not pass for well."""
    log.error("backups cannot be listed", error=type(error).__name__)
    _tell_operators(
        now,
        _("Backups cannot be reached"),
        _("The storage of the backups does not answer (%(error)s).") % {"error": type(error).__name__},
    )
    return False


@contextmanager
def _held(task: Task) -> Iterator[Callable[[int], None]]:
    """Keeps the lease from a thread of its own, for a slow storage may stop the bytes longer.

    Who lost it is stopped with ``LeaseLost`` at the next bytes, and leaves nothing that counts.
    """
    task.hold(clock.now())
    lost, over = Event(), Event()
    holder = Thread(target=_hold, args=(task, lost, over), name="backup-lease", daemon=True)
    holder.start()

    def tell(_dumped: int) -> None:
        if lost.is_set():
            raise LeaseLost(f"Task {task.key} was taken over")

    try:
        yield tell
    finally:
        over.set()
        holder.join()


def _hold(task: Task, lost: Event, over: Event) -> None:
    try:
        while not over.wait(HOLD_EVERY):
            try:
                task.hold(clock.now())
            except Error as error:  # the next may succeed; if none does, somebody else takes over
                log.warning("the lease was not kept", error=type(error).__name__)
                connections[DEFAULT_DB_ALIAS].close()
    except LeaseLost:
        lost.set()
    finally:
        connections.close_all()


def _tell_operators(now: datetime, subject: str, words: str) -> None:
    """Once a day, whatever of the two it is."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [words, _("What to look at is in docs/runbooks/backup-missing.md.")]
    with transaction.atomic():
        _row, first = Occasion.objects.get_or_create(entry="backup-missing", at=day)
        if first:
            payload = {"subject": subject, "lines": lines}
            Task.promise("operators-mail", f"operators-mail:backup-missing:{day:%F}", payload)
