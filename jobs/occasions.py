"""The calendar's occasions: each is written down in the transaction that promises its task.

Whoever looks first wins the row (it is unique); if anything dies before the commit, there is neither
row nor task and the next look finds the same occasion. An appointment that was never looked at
before starts with its next occasion: its latest is written down as gone by. ``jobs.housekeeping``
deletes those that are older than any period.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

import structlog
from django.db import transaction
from django.db.models import Max

from devices.models import Task
from jobs.models import Occasion
from jobs.recurrence import Recurrence

log = structlog.get_logger(__name__)


class Recurring(Protocol):
    """What ``jobs.schedule.Appointment`` is."""

    @property
    def name(self) -> str: ...
    @property
    def when(self) -> Recurrence: ...
    @property
    def kind(self) -> str: ...


def look(calendar: Iterable[Recurring], now: datetime) -> int:
    """Promise what is due by now and was not yet. Returns how many; one statement when none is."""
    seen = _latest_seen()
    return sum(_take(one, seen.get(one.name), one.when.latest(now)) for one in calendar)


def key(name: str, at: datetime) -> str:
    """Of the task that this occasion promises."""
    return f"entry:{name}:{at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def _latest_seen() -> dict[str, datetime]:
    return dict(Occasion.objects.values_list("entry").annotate(Max("at")))


def _take(one: Recurring, seen: datetime | None, at: datetime) -> bool:
    """Whether it had come and was ours. Whose time was moved earlier does not come twice."""
    if seen is not None and seen >= at:
        return False
    with transaction.atomic():
        _row, ours = Occasion.objects.get_or_create(entry=one.name, at=at)
        if not ours or seen is None:
            return False
        Task.promise(one.kind, key(one.name, at), {"at": at.isoformat()})
    log.info("occasion has come", entry=one.name, at=at.isoformat())
    return True
