"""Which backups there are, by the storage alone: the database may be what was lost.

A backup is two files: the sealed dump and, written last, its manifest. Without either it does not count.
"""

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage

from devices import storage
from devices.backups.errors import BackupBroken, NoSuchBackup

PREFIX = "backups/"
_DUMP, _MANIFEST = ".sql.zst.sealed", ".json"
_NAME = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{6}")
_TIME = "%Y%m%dT%H%M%SZ"
# Nothing takes that long to be written: what has no manifest by then belongs to nobody.
ABANDONED = timedelta(hours=12)
SKEW = timedelta(minutes=10)  # clocks of instances may differ by so much


@dataclass(frozen=True)
class Manifest:
    """``stored``: bytes and SHA-256 of the file as it is kept; ``dumped``: bytes of SQL; ``tables``: rows."""

    name: str
    created_at: datetime
    stored: int
    sha256: str
    dumped: int
    key: str
    server: str
    source: str
    tables: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(self.tables.values())

    def to_json(self) -> bytes:
        told = asdict(self) | {"created_at": self.created_at.isoformat(), "version": 1}
        return json.dumps(told, indent=2, sort_keys=True).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """Raises ``BackupBroken``."""
        try:
            told: dict[str, Any] = json.loads(text)
            if told.pop("version") != 1:
                raise BackupBroken("The manifest is of a version this Aerie does not know.")
            made = cls(**told | {"created_at": datetime.fromisoformat(told["created_at"])})
            if not all(isinstance(count, int) for count in (made.stored, made.dumped, made.rows)):
                raise TypeError
            return made
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupBroken(f"The manifest cannot be read ({type(error).__name__}).") from None


def new_name(now: datetime) -> str:
    return f"{now.astimezone(UTC):{_TIME}}-{secrets.token_hex(3)}"


def begun_at(name: str) -> datetime:
    """When the backup of this name was begun, for its name says so."""
    return datetime.strptime(name.partition("-")[0], _TIME).replace(tzinfo=UTC)


def dump_key(name: str) -> str:
    return f"{PREFIX}{name}{_DUMP}"


def manifest_key(name: str) -> str:
    return f"{PREFIX}{name}{_MANIFEST}"


def names() -> list[str]:
    """Of those that count, oldest first."""
    files = _files()
    return sorted(_named(_MANIFEST, files) & _named(_DUMP, files))


def manifest(name: str) -> Manifest:
    """Raises ``NoSuchBackup`` and ``BackupBroken``."""
    require_name(name)
    try:
        with storage.read(manifest_key(name)) as file:
            found = Manifest.from_json(file.read())
    except FileNotFoundError:
        raise NoSuchBackup(f"There is no backup {name}; `backup list` shows them.") from None
    if found.name != name:
        raise BackupBroken(f"The manifest of {name} belongs to another backup.")
    return found


def require_name(name: str) -> None:
    """Raises ``NoSuchBackup`` for what is no name at all."""
    if not _NAME.fullmatch(name):
        raise NoSuchBackup(f"{name!r} is not the name of a backup; `backup list` shows them.")


def newest(now: datetime) -> datetime | None:
    """When the newest one that counts was begun.

    Not one of the future: somebody's clock was wrong, and that must not stand in for years of backups.
    """
    return max((at for at in map(begun_at, names()) if at <= now + SKEW), default=None)


def remove(name: str) -> None:
    """The manifest first: killed in between, what is left does not count."""
    storage.remove(manifest_key(name))
    storage.remove(dump_key(name))


def clear_abandoned(now: datetime) -> int:
    """Remove what runs that were killed left behind. Returns how many files and uploads."""
    files = _files()
    halves = _named(_MANIFEST, files) ^ _named(_DUMP, files)
    orphans = [name for name in halves if begun_at(name) < now - ABANDONED]
    for name in orphans:
        remove(name)
    return len(orphans) + storage.abort_uploads(PREFIX, now - ABANDONED)


def _files() -> list[str]:
    try:
        return list(default_storage.listdir(PREFIX.rstrip("/"))[1])
    except FileNotFoundError:
        return []


def _named(suffix: str, files: Iterable[str]) -> set[str]:
    found = (file.removesuffix(suffix) for file in files if file.endswith(suffix))
    return {name for name in found if _NAME.fullmatch(name)}
