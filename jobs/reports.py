"""Monthly reports: each built by a task of its own, all of a month promised on the first of the next."""

from datetime import datetime

from django.utils import timezone as clock

from devices.models import Report, Task
from devices.reporting import building


def build(task: Task) -> None:
    """Build one report; nothing when it is gone."""
    report = Report.objects.select_related("organisation").filter(pk=task.payload["report"]).first()
    if report is not None:
        building.build(report, lambda: task.hold(clock.now()), clock.now())


def ask_monthly(task: Task) -> None:
    """Monthly. Promises the month that was over then, for every organisation with access points."""
    occasion = datetime.fromisoformat(task.payload["at"])
    building.promise_month(building.last_month(occasion.date()), lambda: task.hold(clock.now()))
