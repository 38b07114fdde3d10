"""``manage.py reconcile``: what the timetable does every few seconds, now, and in words."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from jobs.dispatch import dispatch
from jobs.schedule import reconcile_all


class Command(BaseCommand):
    help = (
        "Promise whatever should be going on and is not, put waiting tasks into their queues, say how many."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = reconcile_all()
        for name, count in found.items():
            self.stdout.write(f"{name:<12} {count}")
        try:
            self.stdout.write(f"{'enqueued':<12} {dispatch()}")
        except RedisError as error:
            raise CommandError(f"Redis does not answer ({type(error).__name__}); the tasks stay in MySQL.")
        if unable := [name for name, count in found.items() if isinstance(count, str)]:
            raise CommandError(f"Could not look at: {', '.join(unable)}.")
