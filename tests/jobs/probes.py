"""A worker and a scheduler like any other, but for kinds of tasks and an entry that tests alone have.

``python -m tests.jobs.probes worker QUEUE`` and ``python -m tests.jobs.probes scheduler``.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import django

if TYPE_CHECKING:
    from devices.models import Task

PROBE_EVERY = 1  # seconds


def main() -> None:
    django.setup()
    from django.core.management import call_command

    from jobs import dispatch, schedule, scheduler, worker

    role, *words = sys.argv[1:]
    if role == "worker":
        dispatch.KINDS |= kinds()
        worker.OVERDUE_SECONDS = 6
        call_command("rqworker", *words)
    else:
        probe = schedule.Entry("probe", tick, PROBE_EVERY, "default")
        scheduler.TIMETABLE = (*schedule.TIMETABLE, probe)
        scheduler.Scheduler().run()


def kinds() -> dict:
    from jobs.dispatch import Kind

    return {
        "effect": Kind(effect, "default"),
        "nothing": Kind(nothing, "default"),
        "raise": Kind(fail, "default"),
        "hang": Kind(hang, "default", 3),
        "kill": Kind(kill, "default"),
        "nap": Kind(nap, "default"),
        "held": Kind(hang, "default"),
        "slow at first": Kind(slow_at_first, "default"),
        "deaf": Kind(deaf, "default", 1),
    }


def tick() -> None:
    """Nothing: tests count how often it is enqueued."""


def effect(task: "Task") -> None:
    """A row that comes once: written, fenced and done in one transaction."""
    from django.db import transaction
    from django.utils import timezone as clock

    from devices.models import Event

    with transaction.atomic():
        task.hold(clock.now())
        Event.objects.create(
            access_point_id=task.payload["access_point"],
            fact=uuid4().hex,  # nothing but the task's fence keeps it from coming twice
            kind="probe",
            at=clock.now(),
            data={"task": task.pk},
        )
        task.done()


def nothing(task: "Task") -> None:
    """For counting how many a worker does."""


def fail(task: "Task") -> None:
    raise RuntimeError("never")


def hang(task: "Task") -> None:
    time.sleep(3600)


def kill(task: "Task") -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def deaf(task: "Task") -> None:
    """A call into C that never returns: the signal of its time limit waits for ever."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    hang(task)


def slow_at_first(task: "Task") -> None:
    """Who claims it first is kept for a minute, swallowing what it can; the second does it at once."""
    if task.fence == 1:
        keep_busy()
    effect(task)


def keep_busy() -> None:
    for _ in range(600):
        with suppress(Exception):
            time.sleep(0.1)


def nap(task: "Task") -> None:
    """Long enough to be told to stop in the middle of it."""
    time.sleep(2)
    effect(task)


if __name__ == "__main__":
    main()
