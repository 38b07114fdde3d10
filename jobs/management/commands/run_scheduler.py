"""``manage.py run_scheduler``: the process that keeps the timetable."""

from typing import Any

from django.core.management.base import BaseCommand

from devices.statements import Tally, tallied
from jobs.pulse import Pulse
from jobs.scheduler import Scheduler

TICK_SECONDS = 60.0  # the longest one tick lasts, a Redis that is away included


class Command(BaseCommand):
    help = "Enqueue the timetable's jobs when they are due, until SIGTERM. One per instance: they take turns."

    def handle(self, *args: Any, **options: Any) -> None:
        pulse = Pulse()
        pulse.watch()
        with tallied(Tally("scheduler")):  # what its slow statements are said to be of
            Scheduler(alive=lambda: pulse.expect(TICK_SECONDS)).run()
