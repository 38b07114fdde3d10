"""`manage.py prune`: deletes what is older than it is kept, now instead of tonight."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone as clock

from devices.pruning import Rule, prune
from jobs.housekeeping import RULES

WIDTH = 30


class Command(BaseCommand):
    help = (
        "Delete what is older than it is kept (EVENTS_DAYS, USAGE_FINE_DAYS and so on), in batches of 5,000 "
        "rows. Safe beside everything else; ended at any time, the rest stays for the next run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = [rule.name for rule in RULES]
        parser.add_argument("rules", nargs="*", metavar="what", help=f"only these: {', '.join(names)}")
        parser.add_argument("--dry-run", action="store_true", help="count, delete nothing")

    def handle(self, *, rules: list[str], dry_run: bool, **options: Any) -> None:
        unknown = set(rules) - {rule.name for rule in RULES}
        if unknown:
            self.stderr.write(f"Not kept here: {', '.join(sorted(unknown))}. See --help.")
            raise SystemExit(2)
        now = clock.now()
        for rule in RULES:
            if not rules or rule.name in rules:
                total = rule.rows(now).count()
                if dry_run:
                    self.stdout.write(f"{rule.name:16} {total:>12,} would be deleted")
                else:
                    self._prune(rule, total)

    def _prune(self, rule: Rule, total: int) -> None:
        deleted = 0
        for count in prune(rule, clock.now()):
            deleted += count
            self._draw(rule.name, deleted, total)
        self.stdout.write(f"{rule.name:16} {deleted:>12,} deleted")

    def _draw(self, name: str, deleted: int, total: int) -> None:
        """A bar, where somebody watches."""
        if self.stderr.isatty():
            filled = WIDTH * deleted // max(total, deleted, 1)
            bar = "#" * filled + "-" * (WIDTH - filled)
            self.stderr.write(f"\r{name:16} [{bar}] {deleted:,} of {total:,}", ending="\r")
