"""``manage.py migrate_release``: one process at a time, and never what running code would not survive."""

import subprocess
import sys
from pathlib import Path

from django.db import connection
from django.db.backends.utils import CursorWrapper

from console.management.commands.migrate_release import LOCK
from tests.releases.trees import copy_of_this_tree

PROJECT = Path(__file__).parents[2]
CONTRACT = """
from django.db import migrations


class Migration(migrations.Migration):
    unused_since = "0.3.0"
    dependencies = [("devices", "{last}")]
    operations = [migrations.RemoveField("network", "name")]
"""


def migrate(environment: dict[str, str], *words: str, tree: Path = PROJECT) -> subprocess.Popen[str]:
    command = [sys.executable, "manage.py", "migrate_release", *words]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=tree, env=environment, **output)  # type: ignore[call-overload, no-any-return]


def test_a_second_process_waits_for_the_first(process_environment: dict[str, str]) -> None:
    with connection.cursor() as cursor:  # as a first one holds it, from another connection
        cursor.execute("SELECT GET_LOCK(%s, 60)", [LOCK])
        assert cursor.fetchone() == (1,)
        second = migrate(process_environment, "--check")
        assert _waits(cursor)
        assert second.poll() is None
        cursor.execute("SELECT RELEASE_LOCK(%s)", [LOCK])
    assert second.communicate(timeout=120)[0] == "0 migrations missing.\n"


def _waits(cursor: CursorWrapper) -> bool:
    """Whether another session has come so far that it waits for the lock, within a minute."""
    for _ in range(600):
        cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User lock'")
        if cursor.fetchone() != (0,):
            return True
        cursor.execute("SELECT SLEEP(0.1)")
    return False


def test_a_process_that_is_killed_leaves_no_lock(process_environment: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 60)", [LOCK])
        first = migrate(process_environment, "--check")
        assert _waits(cursor)
        first.kill()
        first.communicate()
        cursor.execute("SELECT RELEASE_LOCK(%s)", [LOCK])
    assert migrate(process_environment, "--check").communicate(timeout=120)[0] == "0 migrations missing.\n"


def test_what_running_code_would_not_survive_is_refused_before_anything(
    process_environment: dict[str, str], tmp_path: Path
) -> None:
    folder = copy_of_this_tree(tmp_path / "tree") / "devices" / "migrations"
    last = max(path.stem for path in folder.glob("0*.py"))
    (folder / "9000_contract.py").write_text(CONTRACT.format(last=last))
    done = migrate(process_environment, "--running", "0.2.9+abc", tree=tmp_path / "tree")
    said = done.communicate(timeout=120)[1]
    assert done.returncode == 1
    assert "takes away what is unused since 0.3.0, and 0.2.9+abc is running" in said
    with connection.cursor() as cursor:
        names = [
            one.name for one in connection.introspection.get_table_description(cursor, "devices_network")
        ]
    assert "name" in names
