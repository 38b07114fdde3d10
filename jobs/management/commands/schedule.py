"""``manage.py schedule``: put the timetable into Redis now, and show it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from jobs.dispatch import kind_of
from jobs.schedule import CALENDAR, TIMETABLE
from jobs.scheduler import Scheduler


class Command(BaseCommand):
    help = "Install the timetable (a running scheduler does so by itself) and show it and the calendar."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            Scheduler().install()
        except RedisError as error:
            raise CommandError(f"Redis does not answer ({type(error).__name__}).")
        for entry in TIMETABLE:
            self.stdout.write(f"{entry.name:<14} every {entry.every:>4} s on {entry.queue}")
        for one in CALENDAR:
            self.stdout.write(f"{one.name:<14} {one.when} on {kind_of(one.kind).queue}")
