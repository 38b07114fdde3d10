"""Two releases of this very tree as images: one that runs, and one that comes after it.

Both know a kind of task more, which takes a while and leaves a row each time it has an effect
(``REHEARSED``). The newer one adds columns and a table to the schema, and changes a style sheet.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ops.roots import PROJECT, app_root
from tests.releases.test_two_at_once import expanded
from tests.releases.trees import copy_of_this_tree
from tests.servers import temporary_directory

OLD, NEW = "0.2.0", "0.3.0"
OTHER_PARTS = ("instance", "ami", "requirements.lock", "LICENSE")
STYLE = "console/static/console/app.css"
REHEARSED = '''"""Work that takes a while; its effect is a row that nothing but us keeps from coming twice."""

import time

from django.db import connection, transaction
from django.utils import timezone as clock

from devices.models import Task


def perform(task: Task) -> None:
    time.sleep(task.payload["seconds"])
    with transaction.atomic(), connection.cursor() as cursor:
        task.hold(clock.now())
        cursor.execute("INSERT INTO rehearsed_effect (task) VALUES (%s)", [task.key])
        task.done()
'''
KIND = """
from jobs import rehearsed  # noqa: E402

KINDS["rehearsed"] = Kind(rehearsed.perform, "default")
"""


@dataclass(frozen=True)
class Release:
    name: str
    tree: Path
    root: Path


@contextmanager
def releases() -> Iterator[tuple[Release, Release]]:
    """The older and the newer one; their trees go with the block, their roots stay cached."""
    with temporary_directory() as directory:
        old, new = copy_of_this_tree(directory / "old"), expanded(directory / "new")
        with (new / STYLE).open("a") as file:
            file.write("\n.only-in-the-new-release {}\n")
        yield _release(OLD, old), _release(NEW, new)


def _release(name: str, tree: Path) -> Release:
    for part in OTHER_PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, tree / part, ignore=shutil.ignore_patterns("__pycache__", "build"))
        else:
            shutil.copy(source, tree / part)
    (tree / "jobs" / "rehearsed.py").write_text(REHEARSED)
    with (tree / "jobs" / "dispatch.py").open("a") as file:
        file.write(KIND)
    return Release(name, tree, app_root(tree, name))
