"""Which migrations take something away that running code may still use. Pure: operations in, words out.

The rules are in docs/decisions/0010-expand-and-contract.md. A migration that contracts says since which
release no code uses what it takes away: ``unused_since = "0.3.0"`` on its class, and a deploy
refuses to run it while an older release runs.
"""

import re
from collections.abc import Iterable

from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation

MARK = "unused_since"
# Libraries cannot mark theirs: "app.name", and since which release nothing uses what that migration removes.
LIBRARIES: dict[str, str] = {}
_REMOVED = {
    ops.RemoveField: "removes a column",
    ops.DeleteModel: "removes a table",
    ops.RenameField: "renames a column: add the new one, copy, and remove the old one in three releases",
    ops.RenameModel: "renames a table: add the new one, copy, and remove the old one in three releases",
    ops.AlterModelTable: "renames a table",
    ops.RunSQL: "runs SQL that nobody but its author has judged",
}


def contractions(migration: Migration) -> list[str]:
    """What code of the release before could not live with, one line each; empty when it only expands."""
    created = {op.name.lower() for op in migration.operations if isinstance(op, ops.CreateModel)}
    found = []
    for operation in migration.operations:
        if getattr(operation, "model_name", "").lower() in created:
            continue  # nobody uses a table that is made here
        words = _contraction(operation)
        found += [f"{migration.app_label}.{migration.name}: {operation.describe()}: {words}"] if words else []
    return found


def unmarked(migrations: Iterable[Migration]) -> list[str]:
    """Contractions of migrations that do not say since when nothing uses what they take away."""
    return [line for one in migrations if not getattr(one, MARK, "") for line in contractions(one)]


def too_early(migrations: Iterable[Migration], running: str) -> list[str]:
    """Contractions that instances of the release ``running`` would not survive."""
    found = [(one, _unused_since(one)) for one in migrations if contractions(one)]
    return [
        f"{one} takes away what is unused since {since}, and {running} is running: "
        "deploy a release in between first"
        if since
        else f"{one} takes something away, and nobody said since when it is unused: "
        f"{MARK} on its class, or a line in LIBRARIES of console/migrating.py for a library's"
        for one, since in found
        if not since or _version(running) < _version(since)
    ]


def _unused_since(migration: Migration) -> str:
    return str(getattr(migration, MARK, "") or LIBRARIES.get(str(migration), ""))


def _contraction(operation: Operation) -> str:
    if isinstance(operation, ops.SeparateDatabaseAndState):
        return "; ".join(filter(None, map(_contraction, operation.database_operations)))
    if isinstance(operation, ops.AddField):
        return _added(operation.field)
    if isinstance(operation, ops.AlterField):
        return "changes a column: add another one, copy, and remove this one in three releases"
    if isinstance(operation, ops.AddConstraint | ops.AlterUniqueTogether):
        return "adds a constraint that rows of older code may break"
    return next((words for kind, words in _REMOVED.items() if isinstance(operation, kind)), "")


def _added(field: models.Field) -> str:  # type: ignore[type-arg]
    """Older code inserts rows without the column: MySQL must know what to put there."""
    if field.many_to_many or field.null or field.has_db_default():
        return "adds a unique column" if field.unique and not field.null else ""
    return "adds a column that is NOT NULL and has no db_default"


def _version(release: str) -> tuple[int, ...]:
    """0.10.2+abc as (0, 10, 2); what is no version is older than any."""
    return tuple(int(part) for part in re.findall(r"\d+", release.partition("+")[0]))
