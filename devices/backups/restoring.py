"""Restoring a backup, into an empty database alone: what is there is never overwritten."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from devices.backups import clients, reading
from devices.backups.catalogue import Manifest
from devices.backups.errors import BackupBroken, BackupError, BackupRefused


def restore(
    manifest: Manifest, database: clients.Settings, tell: Callable[[int], None] = lambda read: None
) -> list[str]:
    """Returns the migrations of this Aerie that the backup is too old to have: they are to be run next.

    Raises ``BackupRefused`` unless the database is empty, ``BackupBroken`` and ``BackupError``.
    """
    clients.require_mysql(database)
    with _connected(database) as connection:
        _require_empty(connection)
        _load(manifest, database, tell)
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
    if found := connection.introspection.table_names():
        name = connection.settings_dict["NAME"]
        raise BackupRefused(
            f"The database {name} is not empty: it has {len(found)} tables, {sorted(found)[0]} among them. "
            "A backup is restored into an empty database only: create one and name it with --database-url."
        )


def _load(manifest: Manifest, database: clients.Settings, tell: Callable[[int], None]) -> None:
    try:
        with clients.loading(database) as sql:
            for piece in reading.dump(manifest, tell):
                sql.write(piece)
    except BackupBroken as broken:
        raise BackupBroken(f"{broken} The database is half restored: drop it.") from None
    except BackupError as error:
        raise BackupError(f"{error} The database is half restored: drop it.") from None


def _compare(connection: BaseDatabaseWrapper, manifest: Manifest) -> None:
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


def _missing_migrations(connection: Any) -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
