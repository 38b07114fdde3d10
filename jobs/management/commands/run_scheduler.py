"""``manage.py run_scheduler``: the process that keeps the timetable."""

from typing import Any

from django.core.management.base import BaseCommand

from jobs.scheduler import Scheduler


class Command(BaseCommand):
    help = "Enqueue the timetable's jobs when they are due, until SIGTERM. One per instance: they take turns."

    def handle(self, *args: Any, **options: Any) -> None:
        Scheduler().run()
