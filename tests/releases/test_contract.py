"""What two releases say to each other through Redis: names and shapes that may not change.

A rename of one of these is a contraction like any other: keep the old name as well for a release.
"""

import django_rq
import pytest

from devices.models import Task
from jobs import dispatch
from jobs.schedule import CALENDAR, TIMETABLE

# By name in Redis: a worker of the other release imports them.
TIMETABLED = {
    "jobs.dispatch.dispatch",
    "jobs.schedule.reconcile_all",
    "jobs.presence.watch",
    "jobs.presence.compare_all",
    "jobs.commands.remove_recordings",
    "jobs.alerts.watch",
    "jobs.mailing.invitations.send_due_invitations",
    "jobs.usage.measure",
    "jobs.backups.check",
    "jobs.usage.roll_up",
}
# By name in MySQL: rows of tasks carry them.
KINDS = {
    "publish", "forget", "rebuild", "command", "withdraw", "remove_files", "rollout", "upgrade", "firmware",
    "clear_firmware", "report", "reports", "backup", "alert-mails", "rollout-summary", "weekly-mails",
    "weekly-mail", "operators-mail", "mail", "prune",
}  # fmt: skip
APPOINTMENTS = {"backup", "firmware", "retention", "reports", "weekly"}


@pytest.mark.django_db(transaction=True)
def test_a_task_is_put_into_redis_as_its_id_for_perform() -> None:
    task = Task.promise("publish", "publish:contract", {"access_points": []})
    (job,) = django_rq.get_queue("critical").jobs
    assert (job.func_name, list(job.args), job.kwargs) == ("jobs.dispatch.perform", [task.pk], {})
    assert job.id == f"task-{task.pk}"


def test_what_the_timetable_names_stays() -> None:
    named = {f"{entry.job.__module__}.{entry.job.__qualname__}" for entry in TIMETABLE}
    assert TIMETABLED - named == set()


def test_kinds_and_appointments_stay() -> None:
    assert KINDS - set(dispatch.KINDS) == set()
    assert APPOINTMENTS - {one.name for one in CALENDAR} == set()
