"""Seal every secret again under the first of FIELD_ENCRYPTION_KEYS."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.rotation import Outcome, Place, places, rotate

BROKEN = 1
LEFT = 2
TELL_EVERY = 100
WRITTEN_SINCE = ", written meanwhile: restart what still runs with the old keys, then run this again"


class Command(BaseCommand):
    help = (
        "Seal every secret again under the first of FIELD_ENCRYPTION_KEYS. Put the new key first, keep the "
        "old ones behind it, restart console and workers, run this, then drop the old keys. It may run "
        "beside a working console and may be stopped and started again. Exit codes: 0 every secret is under "
        f"the first key; {BROKEN} some secrets no key opens (they are named and left alone); {LEFT} secrets "
        "under older keys are left: after a dry run, or written meanwhile by a process with the old keys."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count and open, but change nothing")

    def handle(self, *_args: Any, dry_run: bool, **_options: Any) -> None:
        broken = [words for place in places() for words in self._rotate(place, dry_run).broken]
        for words in broken:
            self.stderr.write(self.style.ERROR(words))
        if broken:
            raise CommandError(
                f"{len(broken)} secrets cannot be opened: keep the old keys", returncode=BROKEN
            )
        if left := sum(_count(place) for place in places()):
            raise CommandError(
                f"{left} secrets are under older keys{'' if dry_run else WRITTEN_SINCE}", returncode=LEFT
            )
        self.stdout.write(self.style.SUCCESS("Every secret is under the first key."))

    def _rotate(self, place: Place, dry_run: bool) -> Outcome:
        self._total = _count(place)
        outcome = rotate(place, dry_run=dry_run, tell=lambda done: self._tell(place, done))
        verb = "would be sealed again" if dry_run else "sealed again"
        broken = f", {len(outcome.broken)} cannot be opened" if outcome.broken else ""
        self.stdout.write(f"{place.name}: {outcome.done:,} {verb}{broken}")
        return outcome

    def _tell(self, place: Place, done: int) -> None:
        """A bar on a terminal; nothing where output is kept in a log."""
        if self.stderr.isatty() and (done % TELL_EVERY == 0 or done >= self._total):
            filled = 30 * done // max(self._total, done)
            bar = f"{'█' * filled}{'░' * (30 - filled)}"
            end = "\n" if done >= self._total else ""
            self.stderr.write(f"\r{bar} {done:,} of {self._total:,} {place.name}", ending=end)


def _count(place: Place) -> int:
    return sum(1 for _pk in place.outdated(after=0))
