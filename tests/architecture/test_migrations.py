"""Code of the release before lives with every new migration: docs/decisions/0010-expand-and-contract.md."""

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from console.migrating import LIBRARIES, MARK, contractions, too_early, unmarked

NAME = models.CharField(max_length=20)


def a_migration(*operations: Operation, unused_since: str = "") -> migrations.Migration:
    migration = migrations.Migration("0002_something", "devices")
    migration.operations = list(operations)
    if unused_since:
        setattr(migration, MARK, unused_since)
    return migration


def test_ours_take_nothing_away_unmarked() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    ours = {
        app.label for app in apps.get_app_configs() if app.name in ("accounts", "devices", "jobs", "console")
    }
    found = [one for (label, _), one in loader.disk_migrations.items() if label in ours]
    # What a first migration makes is there before any code.
    later = [one for one in found if not one.initial]
    assert len(found) >= len(ours) - 1
    assert unmarked(later) == []


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (migrations.RemoveField("network", "name"), "removes a column"),
        (migrations.DeleteModel("Network"), "removes a table"),
        (migrations.RenameField("network", "name", "title"), "renames a column"),
        (migrations.RenameModel("Network", "Site"), "renames a table"),
        (migrations.AlterModelTable("network", "site"), "renames a table"),
        (migrations.AlterField("network", "name", NAME), "changes a column"),
        (migrations.AddField("network", "title", NAME), "no db_default"),
        (migrations.AddField("network", "title", models.IntegerField(default=1)), "no db_default"),
        (
            migrations.AddField("network", "title", models.IntegerField(db_default=1, unique=True)),
            "adds a unique column",
        ),
        (migrations.RunSQL("DROP TABLE x"), "runs SQL"),
        (
            migrations.AddConstraint("network", models.UniqueConstraint(fields=["name"], name="one")),
            "adds a constraint",
        ),
        (
            migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL("DROP TABLE x")]),
            "runs SQL",
        ),
    ],
)
def test_what_older_code_would_not_survive(operation: Operation, words: str) -> None:
    (line,) = unmarked([a_migration(operation)])
    assert words in line


@pytest.mark.parametrize(
    "operation",
    [
        migrations.CreateModel("Floor", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("network", "title", models.CharField(max_length=20, null=True)),
        migrations.AddField("network", "title", models.CharField(max_length=20, db_default="")),
        migrations.AddIndex("network", models.Index(fields=["name"], name="by_name")),
        migrations.RunPython(migrations.RunPython.noop),
    ],
)
def test_what_older_code_does_not_notice(operation: Operation) -> None:
    assert contractions(a_migration(operation)) == []


def test_a_table_that_is_made_in_the_same_migration_may_be_shaped_as_it_likes() -> None:
    made = migrations.CreateModel("Floor", [("id", models.BigAutoField(primary_key=True))])
    constraint = models.UniqueConstraint(fields=["id"], name="one")
    assert contractions(a_migration(made, migrations.AddConstraint("floor", constraint))) == []


@pytest.mark.parametrize(
    ("running", "refused"),
    [("0.2.9+abc", True), ("0.3.0+abc", False), ("0.10.0", False), ("development", True)],
)
def test_a_marked_contraction_waits_for_a_release_that_does_not_need_it(running: str, refused: bool) -> None:
    contraction = a_migration(migrations.RemoveField("network", "name"), unused_since="0.3.0")
    assert unmarked([contraction]) == []
    assert bool(too_early([contraction], running)) is refused


def test_a_librarys_migration_is_vouched_for_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = migrations.Migration("0099_shorter", "account")
    foreign.operations = [migrations.AlterField("emailaddress", "email", NAME)]
    (words,) = too_early([foreign], "0.3.0+abc")
    assert "account.0099_shorter takes something away, and nobody said since when" in words
    monkeypatch.setitem(LIBRARIES, "account.0099_shorter", "0.3.0")
    assert too_early([foreign], "0.3.0+abc") == []
