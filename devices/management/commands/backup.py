"""``manage.py backup``: make, find, check, fetch and restore backups of the database."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Any

import environ
from botocore.exceptions import BotoCoreError, ClientError
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone as clock

from devices.backups import catalogue, creating, pruning, reading, restoring
from devices.backups.catalogue import Manifest
from devices.backups.errors import BackupBroken, BackupError, BackupRefused, NoSuchBackup

FAILED, REFUSED, UNKNOWN, BROKEN = 1, 2, 3, 4
CODES = (
    f"Exit codes: 0 done; {FAILED} failed; {REFUSED} refused or wrong usage, nothing was changed; "
    f"{UNKNOWN} no such backup; {BROKEN} the backup is broken."
)
STOPPED = 130  # as shells have it for Ctrl-C
INTERRUPTED = {False: "Interrupted; nothing is left half done.", True: f"Interrupted. {restoring.HALF}"}
_CODE = {BackupRefused: REFUSED, NoSuchBackup: UNKNOWN, BackupBroken: BROKEN}
WIDTH = 30


class Command(BaseCommand):
    help = f"Backups of the database, compressed and sealed, in the storage. {CODES}"
    # They are for when the database is gone, too.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def verb(name: str, words: str) -> argparse.ArgumentParser:
            return verbs.add_parser(name, help=words, description=f"{words} {CODES}")

        verb("create", "Make a backup now, then let go of those the retention does not keep.")
        verb("list", "Show the backups there are, by the storage alone: the database need not be there.")
        _named(verb("verify", "Read all of a backup and check every byte and row count."))
        get = _named(verb("get", "Fetch a backup as SQL into a file."))
        get.add_argument("file", type=Path, help="must not exist yet")
        get.add_argument("--encrypted", action="store_true", help="as it is stored, sealed and compressed")
        restore = _named(verb("restore", "Restore a backup into an empty database."))
        restore.add_argument(
            "--database-url",
            metavar="URL",
            help="mysql://user:password@host/name; - to be asked, for everybody sees command lines "
            "(default: DATABASE_URL)",
        )
        delete = _named(verb("delete", "Delete a backup for good."))
        delete.add_argument("--confirm", metavar="NAME", help="its name once more; asked for when left out")
        prune = verb("prune", "Let go of backups the retention does not keep.")
        prune.add_argument("--dry-run", action="store_true", help="only say which")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(options)
        except BackupError as error:
            raise CommandError(str(error), returncode=_CODE.get(type(error), FAILED))
        except (BotoCoreError, ClientError) as error:
            raise CommandError(f"The storage does not do it: {error}", returncode=FAILED)
        except OSError as error:
            raise CommandError(str(error), returncode=FAILED)
        except KeyboardInterrupt:
            raise CommandError(INTERRUPTED[verb == "restore"], returncode=STOPPED)

    def _create(self, options: dict[str, Any]) -> None:
        with self._bar(creating.expected_size()) as tell:
            manifest = creating.create(clock.now(), tell)
        self.stdout.write(manifest.name)
        self._say(f"{_line(manifest)}. Read from the {manifest.source}.")
        self._prune({"dry_run": False})

    def _list(self, options: dict[str, Any]) -> None:
        for name in catalogue.names():
            try:
                self.stdout.write(_line(catalogue.manifest(name)))
            except BackupBroken as broken:
                self.stdout.write(f"{name}  {broken}")

    def _verify(self, options: dict[str, Any]) -> None:
        manifest = catalogue.manifest(options["name"])
        with self._bar(manifest.stored) as tell:
            reading.verify(manifest, tell)
        self._say(f"{_line(manifest)}. Every byte and row is there.")

    def _get(self, options: dict[str, Any]) -> None:
        manifest = catalogue.manifest(options["name"])
        read = reading.sealed if options["encrypted"] else reading.dump
        with _new_file(options["file"]) as file, self._bar(manifest.stored) as tell:
            for piece in read(manifest, tell):
                file.write(piece)
        self._say(f"{manifest.name} is in {options['file']}.")

    def _restore(self, options: dict[str, Any]) -> None:
        manifest = catalogue.manifest(options["name"])
        database = _database(options["database_url"])
        with self._bar(manifest.stored) as tell:
            missing = restoring.restore(manifest, database, tell)
        self._say(f"{manifest.name} is restored into {database['NAME']}: {manifest.rows:,} rows, counted.")
        if missing:
            self._say(f"It is older than this Aerie: run `manage.py migrate` there ({', '.join(missing)}).")

    def _delete(self, options: dict[str, Any]) -> None:
        name = options["name"]
        if name not in catalogue.names():
            catalogue.manifest(name)  # says what is wrong with the name; half of a backup may go
        if (options["confirm"] or _asked(name)) != name:
            raise BackupRefused("That is not its name; nothing was deleted.")
        catalogue.remove(name)
        self._say(f"{name} is deleted.")
        if not catalogue.names():
            self._say("That was the last one: there is no backup now.")

    def _prune(self, options: dict[str, Any]) -> None:
        names = pruning.superfluous() if options["dry_run"] else pruning.prune()
        words = "would be deleted" if options["dry_run"] else "deleted"
        for name in names:
            self._say(f"{name} {words}: newer ones serve its day, week and month.")

    def _say(self, words: str) -> None:
        self.stderr.write(words, self.style.SUCCESS)

    @contextmanager
    def _bar(self, total: int) -> Iterator[Callable[[int], None]]:
        """A bar on a terminal; nothing where output is kept in a log."""

        def tell(done: int) -> None:
            share = min(1.0, done / total) if total else 0.0
            filled = round(WIDTH * share)
            bar = f"{'█' * filled}{'░' * (WIDTH - filled)}"
            self.stderr.write(f"\r{bar} {_size(done)} of about {_size(max(total, done))} ", ending="")

        shown = self.stderr.isatty()
        yield tell if shown else lambda done: None
        if shown:
            self.stderr.write("")


def _named(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("name", help="as `backup list` shows it")
    return parser


def _line(manifest: Manifest) -> str:
    sizes = f"{_size(manifest.stored)} stored, {_size(manifest.dumped)} of SQL, {manifest.rows:,} rows"
    return f"{manifest.name}  {sizes} in {len(manifest.tables)} tables, key {manifest.key}, {manifest.server}"


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _database(url: str | None) -> dict[str, Any]:
    if url == "-":
        url = (getpass("Database URL: ") if sys.stdin.isatty() else sys.stdin.readline()).strip() or "none"
    if not url:
        return connections.databases[DEFAULT_DB_ALIAS]
    try:
        asked = environ.Env.db_url_config(url)
    except Exception as error:  # its parser raises whatever int() and urlsplit() do
        raise BackupRefused(f"--database-url cannot be read ({type(error).__name__}).") from None
    if not asked.get("ENGINE") or not asked.get("NAME"):
        raise BackupRefused("--database-url is mysql://user:password@host:3306/name")
    return {"USER": "", "PASSWORD": "", "HOST": "", "PORT": "", "OPTIONS": {}} | asked


@contextmanager
def _new_file(path: Path) -> Iterator[Any]:
    """Readable by us alone; gone when it did not become whole."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise BackupRefused(f"{path} exists already.") from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _asked(name: str) -> str:
    if not sys.stdin.isatty():
        raise BackupRefused("Say --confirm with its name: nobody is there to be asked.")
    try:
        return input(f"Type {name} to delete it for good: ").strip()
    except EOFError:
        return ""
