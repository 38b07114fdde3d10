"""``manage.py tasks list|retry|drop``: the dead-letter view without a browser."""

from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone as clock

from devices.models import Task

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Show waiting, running and dead tasks; have dead ones done after all, or drop one for good."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="one task a line: state, attempts, kind, key, last error")
        listing.add_argument("--dead", action="store_true", help="dead ones alone")
        retry = verbs.add_parser("retry", help="try dead tasks again, attempts counted anew")
        which = retry.add_mutually_exclusive_group(required=True)
        which.add_argument("--key", help="this one")
        which.add_argument("--kind", help="all of this kind")
        drop = verbs.add_parser("drop", help="delete a dead task: it will never be done")
        drop.add_argument("key")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        {"list": self._list, "retry": self._retry, "drop": self._drop}[verb](options)

    def _list(self, options: dict[str, Any]) -> None:
        rows = Task.objects.filter(dead=True) if options["dead"] else Task.objects.all()
        now = clock.now()
        for task in rows.order_by("-dead", "run_after").iterator():
            state = f"{task.state(now):<8} {task.attempts:>2}"
            self.stdout.write(f"{state}  {task.kind:<12} {task.key}  {task.last_error}".rstrip())

    def _retry(self, options: dict[str, Any]) -> None:
        count = Task.retry(_chosen(options), clock.now())
        log.info("tasks.retried", by="manage.py", key=options["key"], kind=options["kind"], count=count)
        if not count:
            raise CommandError("No dead task fits.")
        self.stdout.write(f"{count} tried again.")

    def _drop(self, options: dict[str, Any]) -> None:
        task = Task.objects.filter(key=options["key"], dead=True).first()
        if task is None or not task.drop():
            raise CommandError("There is no dead task with this key.")
        log.warning("task.dropped", by="manage.py", key=task.key, kind=task.kind)
        self.stdout.write(f"{task.key} was dropped.")


def _chosen(options: dict[str, Any]) -> QuerySet[Task]:
    by = {"key": options["key"]} if options["key"] else {"kind": options["kind"]}
    return Task.objects.filter(**by)
