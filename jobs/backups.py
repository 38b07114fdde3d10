"""The nightly backup, and the alarm when there was none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread

import structlog
from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from devices.backups import catalogue, creating, pruning
from devices.backups.age import in_use
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
    newest = catalogue.newest()
    if newest is None or newest < datetime.fromisoformat(task.payload["at"]):
        with _held(task) as tell:
            manifest = creating.create(clock.now(), tell)
        log.info("backup made", backup=manifest.name, bytes=manifest.stored, rows=manifest.rows)
    for name in pruning.prune():
        log.info("backup removed", backup=name)


def check() -> bool:
    """Whether all is well; if not, say so in the log each time and to the operators once a day."""
    if not in_use():
        return True
    now, newest = clock.now(), catalogue.newest()
    if newest is not None and now - newest <= MISSING_AFTER:
        return True
    log.error("no backup succeeded for 26 hours", newest=newest.isoformat() if newest else None)
    _tell_operators(now, newest)
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


def _tell_operators(now: datetime, newest: datetime | None) -> None:
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    last = f"{newest:%Y-%m-%d %H:%M} UTC" if newest else _("never")
    lines = [
        _("No backup of the database succeeded in the last 26 hours. Last: %(last)s.") % {"last": last},
        _("What to look at is in docs/runbooks/backup-missing.md."),
    ]
    with transaction.atomic():
        _row, first = Occasion.objects.get_or_create(entry="backup-missing", at=day)
        if first:
            payload = {"subject": _("Backups are missing"), "lines": lines}
            Task.promise("operators-mail", f"operators-mail:backup-missing:{day:%F}", payload)
