"""From a row to two files in the storage: killed anywhere and begun again, it ends in the same files."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Organisation
from devices import storage
from devices.models import AccessPoint, Report
from devices.models.report import ReportState
from devices.models.task import LeaseLost
from devices.replica import reads
from devices.reporting.contents import month_end
from devices.reporting.gathering import Month
from devices.reporting.paper import as_pdf
from devices.reporting.sheet import as_csv

COUNTED = 90  # percent: what is left is to write it down
HOLD_EVERY = 3.0  # seconds
ORGANISATIONS = 200  # promised in one transaction
# After its end a month's last hour is still being told, and rolled up every hour.
SETTLED = timedelta(hours=3)


def build(report: Report, hold: Callable[[], None], now: datetime) -> None:
    """Count the month, write its files, mark it ready. ``hold`` keeps the task; what it raises ends this.

    Whatever else goes wrong marks it failed, and is raised: the task tries again by itself.
    """
    try:
        _build(report, hold, now)
    except LeaseLost:
        raise
    except Exception:
        _mark(report, state=ReportState.FAILED)
        raise


def _build(report: Report, hold: Callable[[], None], now: datetime) -> None:
    _mark(report, state=ReportState.BUILDING, progress=0)
    progress = _Progress(report, hold)
    # What is written meanwhile is the task's own book-keeping: none of it is counted.
    count = reads(after_writes=True)(
        lambda: Month(report.organisation, report.month, now).gather(progress.tell)
    )
    contents = count()
    for ending, write_down in (("csv", as_csv), ("pdf", as_pdf)):
        made = write_down(contents)
        hold()
        storage.write(report.key(ending), made)
    hold()
    keys = {"csv": report.key("csv"), "pdf": report.key("pdf")}
    _mark(report, state=ReportState.READY, progress=100, ready_at=now, **keys)


class _Progress:
    """Tells the row, and holds the task, no more often than anybody looks."""

    def __init__(self, report: Report, hold: Callable[[], None]) -> None:
        self._report, self._hold, self._held = report, hold, time.monotonic()

    def tell(self, done: float) -> None:
        if time.monotonic() - self._held >= HOLD_EVERY:
            self._hold()
            self._held = time.monotonic()
        percent = int(done * COUNTED)
        if percent >= self._report.progress + 5:
            _mark(self._report, progress=percent)


def _mark(report: Report, **columns: object) -> None:
    Report.objects.filter(pk=report.pk).update(**columns)
    for name, value in columns.items():
        setattr(report, name, value)


def promise_month(month: date, hold: Callable[[], None]) -> int:
    """Have the reports of a month that is over built, for every organisation with access points.

    In batches; who has one built once the month was all counted keeps it. Returns how many it promised.
    """
    promised, after = 0, 0
    while found := list(_lacking(month).filter(pk__gt=after)[:ORGANISATIONS]):
        after = found[-1].pk  # one that fails at once is not promised again and again
        hold()
        with transaction.atomic():
            for organisation in found:
                Report.promise(organisation, month)
        promised += len(found)
    return promised


def _lacking(month: date) -> QuerySet[Organisation]:
    """Organisations with access points, without a report that is promised, or built with all of the month."""
    of_month = Report.objects.filter(organisation=OuterRef("pk"), month=month)
    end = datetime.combine(month_end(month), datetime.min.time(), UTC)
    waiting = Q(state__in=(ReportState.WAITING, ReportState.BUILDING))
    had = of_month.filter(waiting | Q(ready_at__gte=end + SETTLED))
    hung = AccessPoint.objects.filter(network__organisation=OuterRef("pk"))
    return Organisation.objects.filter(Exists(hung)).exclude(Exists(had)).order_by("pk")


def last_month(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)
