"""``manage.py backup``: its verbs, its words and its exit codes."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone as clock

from devices import storage
from devices.backups import catalogue
from devices.management.commands.backup import BROKEN, FAILED, REFUSED, STOPPED, UNKNOWN
from tests.devices.backups.safe import Safe


def backup(*arguments: str) -> str:
    out = StringIO()
    call_command("backup", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def refusal(*arguments: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as refused:
        backup(*arguments)
    return refused.value.returncode, str(refused.value)


def test_from_making_one_to_deleting_it(database: Safe, tmp_path: Path) -> None:
    name, target = backup("create"), database.empty()
    assert backup("list").startswith(f"{name}  ")
    backup("verify", name)
    backup("restore", name, "--database-url", database.url(target))
    assert database.content(target) == database.content(database.database)
    backup("delete", name, "--confirm", name)
    assert backup("list") == ""


def test_it_is_fetched_as_sql_or_as_it_is_stored(database: Safe, tmp_path: Path) -> None:
    name, sql, stored = backup("create"), tmp_path / "sql", tmp_path / "stored"
    backup("get", name, str(sql))
    backup("get", name, str(stored), "--encrypted")
    assert b"CREATE TABLE `odd`" in sql.read_bytes()
    assert stored.read_bytes() == b"".join(storage.chunks(catalogue.dump_key(name)))
    assert sql.stat().st_mode & 0o077 == 0


def test_a_file_that_exists_is_not_overwritten(database: Safe, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("precious")
    assert refusal("get", backup("create"), str(file)) == (REFUSED, f"{file} exists already.")
    assert file.read_text() == "precious"


def test_a_broken_backup_leaves_no_half_a_file(database: Safe, tmp_path: Path) -> None:
    name, file = backup("create"), tmp_path / "file"
    key = catalogue.dump_key(name)
    storage.write(key, b"".join(storage.chunks(key))[:-1])
    assert refusal("get", name, str(file))[0] == BROKEN
    assert refusal("verify", name)[0] == BROKEN
    assert not file.exists()


def test_what_is_not_there_is_told(database: Safe) -> None:
    for name in ("20260101T000000Z-abcdef", "../../etc/passwd", "nothing"):
        code, words = refusal("verify", name)
        assert code == UNKNOWN
        assert "`backup list`" in words


def test_a_full_database_is_refused(database: Safe) -> None:
    code, words = refusal("restore", backup("create"))
    assert code == REFUSED
    assert "create one and name it with --database-url" in words


@pytest.mark.parametrize("url", ["nonsense", "mysql://", "mysql://root@127.0.0.1:port/x"])
def test_an_address_that_is_none_is_refused(database: Safe, url: str) -> None:
    assert refusal("restore", backup("create"), "--database-url", url)[0] == REFUSED


def test_a_database_that_is_away_is_told(database: Safe) -> None:
    code, words = refusal("restore", backup("create"), "--database-url", "mysql://root@127.0.0.1:1/x")
    assert code == FAILED
    assert "The database does not do it" in words


def test_deleting_wants_the_name_typed(database: Safe) -> None:
    name = backup("create")
    assert refusal("delete", name, "--confirm", "yes")[0] == REFUSED
    assert catalogue.names() == [name]


def test_listing_asks_the_storage_alone(database: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    name = backup("create")
    gone: dict[str, Any] = database.database | {"PORT": 1}
    monkeypatch.setitem(connections.databases, "default", gone)
    usual = connections["default"]
    del connections["default"]
    try:
        assert name in backup("list")
        backup("verify", name)
    finally:
        connections["default"] = usual


def test_a_new_one_lets_go_of_what_is_no_longer_kept(database: Safe, settings: Any) -> None:
    settings.BACKUP_KEEP_DAILY, settings.BACKUP_KEEP_WEEKLY, settings.BACKUP_KEEP_MONTHLY = 1, 0, 0
    with time_machine.travel(clock.now() - timedelta(days=3)):
        old = backup("create")
    backup("prune", "--dry-run")
    assert catalogue.names() == [old]
    new = backup("create")
    assert catalogue.names() == [new]


def test_the_demo_is_told_that_it_has_none(database: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    lite = {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}
    monkeypatch.setattr("devices.backups.creating._source", lambda: "lite")
    monkeypatch.setitem(connections.databases, "lite", lite)
    code, words = refusal("create")
    assert (code, "SQLite, which is for the demo alone" in words) == (REFUSED, True)


def test_what_is_broken_can_be_deleted(database: Safe) -> None:
    name = backup("create")
    storage.write(catalogue.manifest_key(name), b"nonsense")
    assert "cannot be read" in backup("list")
    backup("delete", name, "--confirm", name)
    assert catalogue.names() == []


def test_a_manifest_of_the_wrong_kind_is_told(database: Safe) -> None:
    name = backup("create")
    key = catalogue.manifest_key(name)
    told = json.loads(b"".join(storage.chunks(key)))
    storage.write(key, json.dumps(told | {"stored": "many"}).encode())
    assert "cannot be read" in backup("list")
    assert refusal("verify", name)[0] == BROKEN


def test_the_address_may_be_told_where_nobody_sees_it(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, target = backup("create"), database.empty()
    monkeypatch.setattr("sys.stdin", StringIO(f"{database.url(target)}\n"))
    backup("restore", name, "--database-url", "-")
    assert database.content(target) == database.content(database.database)
    monkeypatch.setattr("sys.stdin", StringIO(""))
    assert refusal("restore", name, "--database-url", "-")[0] == REFUSED


@pytest.mark.parametrize(("verb", "words"), [("verify", "nothing is left"), ("restore", "half restored")])
def test_interrupted_it_says_what_it_leaves(
    database: Safe, monkeypatch: pytest.MonkeyPatch, verb: str, words: str
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    name = backup("create")
    monkeypatch.setattr("devices.backups.reading.verify", interrupted)
    monkeypatch.setattr("devices.backups.restoring.restore", interrupted)
    code, told = refusal(verb, name)
    assert (code, words in told) == (STOPPED, True)
