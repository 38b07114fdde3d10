"""``manage.py migrate_release``: a deploy's migrations, by the new release while the old one runs."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from console.migrating import too_early

LOCK = "aerie migrations"
WAIT = 900  # seconds for another one to end
# An ALTER waits for readers of the table, and everybody who comes after waits behind it: rather give up.
LOCK_WAIT = 10


class Command(BaseCommand):
    help = (
        "Apply what migrations are missing, one process at a time, unless the running release would not "
        "survive them. Safe at any time and as often as you like."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--running", default="", help="the release whose instances run meanwhile")
        parser.add_argument("--check", action="store_true", help="tell what is missing and apply nothing")

    def handle(self, *args: Any, running: str, check: bool, **options: Any) -> None:
        with self._alone():
            missing = self._missing()
            if words := too_early(missing, running) if running else []:
                raise CommandError("\n".join(words))
            for migration in missing:
                self.stdout.write(f"{'Missing' if check else 'Applying'}: {migration}")
            if not check:
                call_command("migrate", interactive=False, verbosity=0)
                call_command("createcachetable", verbosity=0)
        self.stdout.write(f"{len(missing)} migrations {'missing' if check else 'applied'}.")

    def _missing(self) -> list[Migration]:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return [migration for migration, _backwards in plan]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """MySQL ends the lock with the connection, however this process ends."""
        if connection.vendor != "mysql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, %s)", [LOCK, WAIT])
            if cursor.fetchone()[0] != 1:
                raise CommandError(f"Another process has been migrating for {WAIT} s")
            cursor.execute("SET SESSION lock_wait_timeout = %s", [LOCK_WAIT])
            try:
                yield
            finally:
                cursor.execute("SELECT RELEASE_LOCK(%s)", [LOCK])
