"""Restoring a backup, into an empty database alone: what is there is never overwritten."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from devices.backups import clients, reading
from devices.backups.catalogue import Manifest
from devices.backups.errors import BackupBroken, BackupError, BackupRefused

UNFINISHED = "aerie_unfinished_restore"
HALF = "The database is half restored: drop it, create it anew and begin again."


def restore(
    manifest: Manifest, database: clients.Settings, tell: Callable[[int], None] = lambda read: None
) -> list[str]:
    """Returns the migrations of this Aerie that the backup is too old to have: they are to be run next.

    Raises ``BackupRefused`` unless the database is empty, ``BackupBroken`` and ``BackupError``.
    """
    clients.require_mysql(database)
    clients.loader()
    pieces = reading.dump(manifest, tell)
    with _connected(database) as connection:
        _require_empty(connection)
        first = next(pieces)  # what cannot be opened at all leaves the database empty
        with _marked(connection, manifest.name):
            _load(chain([first], pieces), database)
            _compare(connection, manifest)
        return _missing_migrations(connection)


@contextmanager
def _connected(database: clients.Settings) -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own: the project's may lead elsewhere."""
    connection = connections[DEFAULT_DB_ALIAS].copy()
    connection.settings_dict.update(
        {name: database[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    )
    try:
        connection.ensure_connection()
        yield connection
    except Error as error:
        raise BackupError(f"The database does not do it: {error}") from None
    finally:
        connection.close()


def _require_empty(connection: BaseDatabaseWrapper) -> None:
    name = connection.settings_dict["NAME"]
    found = connection.introspection.table_names(include_views=True)
    if UNFINISHED in found:
        raise BackupRefused(
            f"A restore into the database {name} has not finished: it runs still, or was ended half way. "
            "In the latter case drop the database, create it anew and begin again."
        )
    if found:
        raise BackupRefused(
            f"The database {name} is not empty: it has {len(found)} tables, {sorted(found)[0]} among them. "
            "A backup is restored into an empty database only: create one and name it with --database-url."
        )


@contextmanager
def _marked(connection: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    """A table says that this is no whole database, until it is one; it keeps out a second restore, too."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {UNFINISHED} (backup VARCHAR(40) PRIMARY KEY)")
        cursor.execute(f"INSERT INTO {UNFINISHED} VALUES (%s)", [name])  # noqa: S608 - a constant
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {UNFINISHED}")


def _load(pieces: Iterable[bytes], database: clients.Settings) -> None:
    try:
        with clients.loading(database) as sql:
            for piece in pieces:
                sql.write(piece)
    except BackupError as error:
        raise type(error)(f"{error} {HALF}") from None
    except Exception as error:  # of the storage, mostly
        raise BackupError(f"The backup could not be read to its end: {error} {HALF}") from error


def _compare(connection: BaseDatabaseWrapper, manifest: Manifest) -> None:
    connection.close()  # it may have waited longer than the server does
    wrong = {
        table: (rows, found)
        for table, rows in manifest.tables.items()
        if (found := _count(connection, table)) != rows
    }
    if wrong:
        told = ", ".join(f"{table}: {found:,} of {rows:,}" for table, (rows, found) in wrong.items())
        raise BackupBroken(f"Not every row arrived: {told}. Does something write to this database already?")


def _count(connection: BaseDatabaseWrapper, table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - quoted
        return int(cursor.fetchone()[0])


def _missing_migrations(connection: BaseDatabaseWrapper) -> list[str]:
    """Asked of this very connection: Django's own recorder would ask the one that bears its name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = set(cursor.fetchall())
    loader = MigrationLoader(None, ignore_no_migrations=True)
    unknown = applied - set(loader.disk_migrations)
    if newer := sorted(".".join(one) for one in unknown if one[0] in loader.migrated_apps):
        raise BackupError(
            "Every row is restored, but this Aerie is older than the backup and does not know "
            f"{', '.join(newer)}: run the release it was made by."
        )
    plan = [node for leaf in loader.graph.leaf_nodes() for node in loader.graph.forwards_plan(leaf)]
    return [f"{app}.{name}" for app, name in dict.fromkeys(plan) if (app, name) not in applied]
