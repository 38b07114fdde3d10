"""Making a backup: dump, compress, seal, keep; then the manifest, and only then it counts."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

import zstandard
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections

from accounts.keyring import key_id
from devices import replica, storage
from devices.backups import catalogue, clients, sealing
from devices.backups.catalogue import Manifest
from devices.backups.counting import Rows
from devices.backups.errors import BackupError, BackupIncomplete, BackupRefused
from devices.replica_health import ALIAS
from devices.streaming import write_stream

READ = 1024 * 1024  # bytes of the dump taken at a time
# MariaDB's dumps may begin with a command to its own client, over which all others stumble.
_SANDBOX = b"/*!999999\\-"
LEVEL = 3  # zstd's own default: see docs/performance.md for others

# Told the bytes dumped so far; may raise to give up.
Tell = Callable[[int], None]


@dataclass
class _Passing:
    """What is learnt of the stream as it passes."""

    rows: Rows = field(default_factory=Rows)
    digest: Any = field(default_factory=hashlib.sha256)
    dumped: int = 0
    stored: int = 0


def create(now: datetime, tell: Tell = lambda dumped: None) -> Manifest:
    """A backup of this moment. Readers and writers of the database are not kept waiting.

    Raises ``BackupError`` and what the storage raises; then nothing that counts is left.
    """
    key = keys()[0]
    source = _source()
    clients.require_mysql(connections.databases[source])
    catalogue.clear_abandoned(now)
    name, passing, structure = catalogue.new_name(now), _Passing(), _structure(source)
    try:
        with clients.dumping(connections.databases[source]) as process:
            assert process.stdout is not None
            compressed = _compressed(_dumped(process.stdout, passing, tell))
            write_stream(catalogue.dump_key(name), _counted(sealing.seal(compressed, key, name), passing))
        _check(passing, structure, _structure(source))
    except BackupError:
        storage.remove(catalogue.dump_key(name))  # it is possibly all there, and no good
        raise
    manifest = _manifest(name, now, source, key, passing)
    storage.write(catalogue.manifest_key(name), manifest.to_json())
    return manifest


def keys() -> list[bytes]:
    """Those that open backups; the first seals. Raises ``BackupRefused`` where none is set."""
    if not settings.BACKUP_KEYS:
        raise BackupRefused(
            "BACKUP_KEYS is missing: base64 of 32 random bytes, kept where it is not lost with the database. "
            "See .env.example."
        )
    return list(settings.BACKUP_KEYS)


def expected_size() -> int:
    """Bytes the tables take in the server: roughly how long the dump will be. 0 where nobody knows."""
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(
                "SELECT SUM(data_length) FROM information_schema.tables WHERE table_schema = DATABASE()"
            )
            return int(cursor.fetchone()[0] or 0)
    except Error:
        return 0


def _source() -> str:
    return ALIAS if ALIAS in connections.databases and replica.HEALTH.why_not() is None else DEFAULT_DB_ALIAS


def _structure(source: str) -> object:
    """Every column, and which migrations made them."""
    connection = connections[source].copy()  # the usual one is not kept waiting for hours
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns "
                "WHERE table_schema = DATABASE() ORDER BY table_name, column_name"
            )
            columns = cursor.fetchall()
            if any(column[0] == "django_migrations" for column in columns):
                cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
            return columns, cursor.fetchall()
    except Error as error:
        raise BackupError(f"The database does not do it: {error}") from None
    finally:
        connection.close()


def _check(passing: _Passing, before: object, after: object) -> None:
    """Rows are of one moment, tables are not: what was altered meanwhile is possibly half migrated."""
    if not passing.rows.tables:
        raise BackupIncomplete("The database has no tables: there is nothing to make a backup of.")
    if before != after:
        raise BackupIncomplete("Tables were altered while they were dumped: do it again after the migration.")


def _dumped(stdout: IO[bytes], passing: _Passing, tell: Tell) -> Iterator[bytes]:
    """Ends with an error unless the dump itself says that it is whole."""
    while lines := stdout.readlines(READ):
        if not passing.dumped and lines[0].startswith(_SANDBOX):
            del lines[0]
        for line in lines:
            passing.rows.see(line)
        piece = b"".join(lines)
        passing.dumped += len(piece)
        tell(passing.dumped)
        yield piece
    if not passing.rows.completed:
        raise BackupIncomplete("The dump ended before it was complete.")


def _compressed(plain: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
    for piece in plain:
        yield compressor.compress(piece)
    yield compressor.flush()


def _counted(sealed: Iterator[bytes], passing: _Passing) -> Iterator[bytes]:
    for piece in sealed:
        passing.digest.update(piece)
        passing.stored += len(piece)
        yield piece


def _manifest(name: str, now: datetime, source: str, key: bytes, passing: _Passing) -> Manifest:
    return Manifest(
        name=name,
        created_at=now,
        stored=passing.stored,
        sha256=passing.digest.hexdigest(),
        dumped=passing.dumped,
        key=key_id(key),
        server=passing.rows.server,
        source="replica" if source == ALIAS else "primary",
        tables=dict(sorted(passing.rows.tables.items())),
    )
