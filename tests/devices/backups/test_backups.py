"""A backup holds every row of one moment, restores into an empty database, and tells when it was harmed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connections
from django.utils import timezone as clock

from devices import storage
from devices.backups import catalogue, clients, creating, reading, restoring
from devices.backups.catalogue import Manifest
from devices.backups.errors import BackupBroken, BackupError, BackupRefused, NoSuchBackup
from tests.devices.backups.safe import Safe, Writers

ROOT = Path(__file__).resolve().parents[3]


def create() -> Manifest:
    return creating.create(clock.now())


def create_from_the_primary() -> Manifest:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(creating, "_source", lambda: "default")
        return create()


def restored(database: Safe, manifest: Manifest) -> dict[str, list[object]]:
    target = database.empty()
    assert restoring.restore(manifest, target) == []
    return database.content(target)


def test_every_row_of_every_table_comes_back(database: Safe) -> None:
    before = database.content(database.database)
    target = database.empty()
    restoring.restore(create(), target)
    assert database.content(target) == before
    assert len(before["odd"]) == 5
    assert len(before["devices_accesspoint"]) == 4


def test_the_tables_come_back_as_they_were(database: Safe) -> None:
    target = database.empty()
    restoring.restore(create(), target)
    assert database.structure(target) == database.structure(database.database)


def test_while_writers_write_the_backup_is_of_one_moment(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creating, "_source", lambda: "default")
    with Writers(database.database) as writers:
        writers.write_on()
        # Nobody is kept waiting for it to end: whatever has been dumped, there is one more transfer.
        manifest = creating.create(clock.now(), lambda dumped: writers.write_on())
        during = writers.transfers
    rows = restored(database, manifest)
    amounts = [eval(row)[1] for name in ("purse_a", "purse_z") for row in rows[name]]
    assert sum(amounts) == 0
    assert len(rows["purse_a"]) == len(rows["purse_z"]) == manifest.tables["purse_a"]
    assert 0 < len(rows["purse_a"]) < during


def test_it_is_read_from_the_replica_when_that_is_fit(database: Safe) -> None:
    assert create().source == "replica"
    database.twins.replica.kill()
    database.twins.ask_again()
    try:
        assert create().source == "primary"
    finally:
        database.twins.replica.start()


def test_a_manifest_tells_what_is_in_it(database: Safe) -> None:
    manifest = create()
    assert catalogue.manifest(manifest.name) == manifest
    assert manifest.tables["odd"] == 5
    assert (manifest.tables["quiet"], manifest.source) == (0, "replica")
    assert default_storage.size(catalogue.dump_key(manifest.name)) == manifest.stored < manifest.dumped


def test_nothing_that_is_stored_tells_what_is_in_the_database(database: Safe) -> None:
    manifest = create()
    stored = b"".join(storage.chunks(catalogue.dump_key(manifest.name)))
    assert b"Harbour" not in stored
    assert b"Harbour" in b"".join(reading.dump(manifest))


def test_it_is_restored_into_an_empty_database_alone(database: Safe) -> None:
    before = database.content(database.database)
    with pytest.raises(BackupRefused, match=r"is not empty: it has \d+ tables"):
        restoring.restore(create(), database.database)
    assert database.content(database.database) == before


def harmed(manifest: Manifest, where: int, what: bytes) -> None:
    key = catalogue.dump_key(manifest.name)
    stored = bytearray(b"".join(storage.chunks(key)))
    stored[where : where + len(what) if what else None] = what
    storage.write(key, bytes(stored))


@pytest.mark.parametrize(("where", "what"), [(-40, b""), (100, b"\0" * 8), (0, b"AERIEBK2")])
def test_what_was_harmed_is_found_and_not_restored(database: Safe, where: int, what: bytes) -> None:
    manifest, target = create(), database.empty()
    harmed(manifest, where, what)
    with pytest.raises(BackupBroken):
        reading.verify(manifest)
    with pytest.raises(BackupBroken):
        restoring.restore(manifest, target)
    assert database.content(target) == {}


def test_a_whole_backup_verifies_and_tells_how_far_it_is(database: Safe) -> None:
    manifest, told = create(), []
    reading.verify(manifest, told.append)
    assert told[-1] == manifest.stored


def test_a_manifest_that_lies_about_rows_is_found(database: Safe) -> None:
    manifest = create()
    key = catalogue.manifest_key(manifest.name)
    told = json.loads(b"".join(storage.chunks(key)))
    told["tables"]["odd"] += 1
    storage.write(key, json.dumps(told).encode())
    with pytest.raises(BackupBroken, match="rows its manifest tells of"):
        reading.verify(catalogue.manifest(manifest.name))


def test_another_key_does_not_open_it_and_an_old_one_does(database: Safe, settings: Any) -> None:
    manifest, before = create(), settings.BACKUP_KEYS
    settings.BACKUP_KEYS = [bytes(32), *before]
    reading.verify(manifest)
    settings.BACKUP_KEYS = [bytes(32)]
    with pytest.raises(BackupBroken, match=manifest.key):
        reading.verify(manifest)


def test_without_keys_none_is_made(database: Safe, settings: Any) -> None:
    settings.BACKUP_KEYS = []
    with pytest.raises(BackupRefused, match="BACKUP_KEYS is missing"):
        create()


def test_a_password_of_any_kind_reaches_the_server(database: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    password = "a #b;c \\ \"d' =é"
    database.sql("CREATE OR REPLACE USER 'safe'@'%%' IDENTIFIED BY %s", password)
    database.sql("GRANT ALL ON *.* TO 'safe'@'%'")
    monkeypatch.setattr(creating, "_source", lambda: "default")
    account = {"USER": "safe", "PASSWORD": password}
    monkeypatch.setitem(creating.connections.databases, "default", database.database | account)
    assert create().tables["odd"] == 5


def test_a_server_that_refuses_is_quoted_without_the_password(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"USER": "nobody", "PASSWORD": "very secret"}
    monkeypatch.setattr(creating, "_source", lambda: "default")
    monkeypatch.setitem(creating.connections.databases, "default", database.database | account)
    with pytest.raises(BackupError, match="Access denied for user 'nobody'") as refused:
        create()
    assert "very secret" not in str(refused.value)
    assert catalogue.names() == []


def test_who_gives_up_leaves_nothing(database: Safe) -> None:
    def give_up(dumped: int) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        creating.create(clock.now(), give_up)
    assert default_storage.listdir("backups")[1] == []
    assert uploads() == 0


def uploads() -> int:
    client = default_storage.connection.meta.client
    begun = client.list_multipart_uploads(Bucket=default_storage.bucket_name).get("Uploads", [])
    return sum(catalogue.PREFIX in one["Key"] for one in begun)


KILLED = """
import os, signal, django
django.setup()
from django.utils import timezone
from devices import streaming
from devices.backups import creating
streaming.PART = 5 * 1024 * 1024
def tell(dumped):
    if dumped > 16 * 1024 * 1024:
        os.kill(os.getpid(), signal.SIGKILL)
creating.create(timezone.now(), tell)
"""


def test_killed_in_the_middle_nothing_counts_and_the_next_run_clears_it_away(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.sql("CREATE TABLE ballast (id BIGINT PRIMARY KEY, bytes LONGBLOB)")
    for number in range(40):
        database.sql("INSERT INTO ballast VALUES (%s, %s)", number, os.urandom(512 * 1024))
    monkeypatch.setenv("DATABASE_URL", database.url(database.database))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "console.settings"},
    )
    assert killed.returncode == -signal.SIGKILL
    assert (catalogue.names(), uploads()) == ([], 1)
    # moto gives every upload the same date long ago, so that its age cannot be told here.
    assert catalogue.clear_abandoned(clock.now() + timedelta(hours=13)) == 1
    assert uploads() == 0
    database.sql("DROP TABLE ballast")


def test_a_dump_without_a_manifest_does_not_count_and_goes(database: Safe) -> None:
    manifest = create()
    storage.remove(catalogue.manifest_key(manifest.name))
    assert catalogue.names() == []
    with pytest.raises(NoSuchBackup):
        catalogue.manifest(manifest.name)
    assert catalogue.clear_abandoned(clock.now()) == 0  # its manifest might still come
    assert catalogue.clear_abandoned(clock.now() + timedelta(hours=13)) == 1
    assert default_storage.listdir("backups")[1] == []


def meanwhile(database: Safe, statement: str) -> Manifest:
    """A backup while whose bytes flow this happens in the database."""
    todo = [statement]

    def tell(dumped: int) -> None:
        while todo:
            database.sql(todo.pop())

    return creating.create(clock.now(), tell)


def test_a_migration_in_the_middle_makes_no_backup(database: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "_source", lambda: "default")
    with pytest.raises(BackupError, match="again after the migration"):
        meanwhile(database, "ALTER TABLE quiet ADD COLUMN more INT")
    database.sql("ALTER TABLE quiet DROP COLUMN more")
    assert default_storage.listdir("backups")[1] == []


def test_a_backup_of_nothing_is_none(database: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "_source", lambda: "default")
    monkeypatch.setitem(creating.connections.databases, "default", database.empty())
    with pytest.raises(BackupError, match="no tables"):
        create()
    assert catalogue.names() == []


@pytest.mark.parametrize("lost", [catalogue.dump_key, catalogue.manifest_key])
def test_half_a_backup_does_not_count(database: Safe, lost: Callable[[str], str]) -> None:
    name = create().name
    storage.remove(lost(name))
    assert catalogue.names() == []
    assert catalogue.newest(clock.now()) is None
    assert catalogue.clear_abandoned(clock.now() + timedelta(hours=13)) == 1


def test_a_manifest_of_another_backup_is_found(database: Safe) -> None:
    manifest = create()
    other = "20260101T000000Z-abcdef"
    storage.write(catalogue.manifest_key(other), manifest.to_json())
    with pytest.raises(BackupBroken, match="another backup"):
        catalogue.manifest(other)
    storage.remove(catalogue.manifest_key(other))


def test_somebody_elses_broken_pipe_does_not_stop_it_for_ever(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the terminal is gone; the dump's program still has much to say then."""
    monkeypatch.setattr(clients, "GRACE", 0.1)

    def gone(done: int) -> None:
        raise BrokenPipeError

    manifest = create()
    with pytest.raises(BrokenPipeError):
        creating.create(clock.now(), gone)
    with pytest.raises(BrokenPipeError):
        reading.verify(manifest, gone)


def test_a_terminal_that_goes_in_the_middle_of_a_restore_ends_it(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "GRACE", 0.1)
    monkeypatch.setattr(restoring.reading, "dump", _half_a_dump)
    with pytest.raises(BackupError, match="half restored"):
        restoring.restore(create(), database.empty())


def _half_a_dump(manifest: Manifest, tell: object) -> Iterator[bytes]:
    yield b"CREATE TABLE half (id INT);"
    raise BrokenPipeError


def test_what_a_server_does_not_take_is_told_without_the_data(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = create()

    def dump(manifest: Manifest, tell: object) -> Iterator[bytes]:
        yield b"INSERT INTO nothing VALUES ('note: very secret');\n"

    monkeypatch.setattr(restoring.reading, "dump", dump)
    with pytest.raises(BackupError, match=r"nothing' doesn't exist.*half restored") as refused:
        restoring.restore(manifest, database.empty())
    assert "secret" not in str(refused.value)


def test_a_restore_that_was_ended_is_told_by_the_next_one(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, target = create(), database.empty()
    with monkeypatch.context() as patch:
        patch.setattr(restoring.reading, "dump", _half_a_dump)
        with pytest.raises(BackupError, match="half restored"):
            restoring.restore(manifest, target)
    with pytest.raises(BackupRefused, match=r"has not finished: .* drop the database"):
        restoring.restore(manifest, target)
    database.sql(f"DROP DATABASE {target['NAME']}")
    database.sql(f"CREATE DATABASE {target['NAME']} CHARACTER SET utf8mb4")
    assert restoring.restore(manifest, target) == []
    assert restoring.UNFINISHED not in database.content(target)


def test_what_does_not_open_at_all_leaves_the_database_empty(database: Safe, settings: Any) -> None:
    manifest, target = create(), database.empty()
    settings.BACKUP_KEYS = [bytes(32)]
    with pytest.raises(BackupBroken, match="sealed with the key"):
        restoring.restore(manifest, target)
    assert database.content(target) == {}


def test_the_lost_database_is_not_needed_to_restore_beside_it(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, target = create(), database.empty()
    usual = connections["default"]
    monkeypatch.setitem(connections.databases, "default", target | {"PORT": 1})
    del connections["default"]
    try:
        assert restoring.restore(manifest, target) == []
    finally:
        connections["default"] = usual


def test_a_backup_older_or_newer_than_this_aerie_is_told(database: Safe) -> None:
    last = ("devices", "0001_initial")
    database.sql("UPDATE django_migrations SET name = '9999_x' WHERE app = %s AND name = %s", *last)
    manifest = create_from_the_primary()
    with pytest.raises(BackupError, match=r"does not know devices\.9999_x"):
        restoring.restore(manifest, database.empty())
    database.sql("UPDATE django_migrations SET app = 'gone' WHERE name = '9999_x'")
    assert "devices.0001_initial" in restoring.restore(create_from_the_primary(), database.empty())
    database.sql("UPDATE django_migrations SET app = %s, name = %s WHERE app = 'gone'", *last)
