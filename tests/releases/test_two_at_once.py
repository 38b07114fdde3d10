"""The release before runs on the new release's schema, and either performs what the other promised.

The release before is the newest tag ``v…``; before there is one, the commit before the newest migration;
in a checkout without history this tree stands in for it. The new one is this tree with a migration
and a kind of task more.
Processes of either run from their own tree against one MariaDB and one Redis.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.releases.trees import PROJECT, ROOMS, copy_of_this_tree, manage, previous_release
from tests.servers import MariaDB, Redis, temporary_directory
from tests.stack import FIRST_SERIAL, Browser, Stack, answers, wait_for

pytestmark = pytest.mark.timeout(400)
EXPAND = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "{last}")]
    operations = [
        migrations.AddField("network", "expanded", models.CharField(max_length=20, db_default="new")),
        migrations.AddField("accesspoint", "expanded", models.IntegerField(null=True)),
        migrations.AddField("task", "expanded", models.IntegerField(db_default=1)),
        migrations.CreateModel("Expansion", [("id", models.BigAutoField(primary_key=True))]),
    ]
"""
NEW_KIND = '\nKINDS["of-the-new-release"] = Kind(lambda task: None, "critical")\n'


@dataclass
class Two:
    """Both trees, and a stack whose console is the old one's on a database the new one migrated."""

    old: Path
    new: Path
    stack: Stack
    stands_in: bool  # this tree for the release before

    @contextmanager
    def worker(self, tree: Path, queue: str) -> Iterator[None]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "rqworker", queue], cwd=tree, env=self.stack.environment
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()

    def shell(self, tree: Path, code: str) -> str:
        """What this code prints in that release."""
        lines = manage(tree, self.stack.environment, "shell", "--no-imports", "--command", code).splitlines()
        return lines[-1] if lines else ""

    def left(self, key: str) -> dict[str, object] | None:
        """A task as the old release sees it; None once it is done."""
        found = self.shell(
            self.old,
            "import json; from devices.models import Task; "
            f"found = Task.objects.filter(key={key!r}).values('attempts', 'dead', 'last_error'); "
            "print(json.dumps(found.first()))",
        )
        answer: dict[str, object] | None = json.loads(found)
        return answer


def expanded(tree: Path) -> Path:
    """This tree with what only ever comes: columns, a table, a kind of task."""
    folder = copy_of_this_tree(tree) / "devices" / "migrations"
    last = max(path.stem for path in folder.glob("0*.py"))
    (folder / "9000_expand.py").write_text(EXPAND.format(last=last))
    with (tree / "jobs" / "dispatch.py").open("a") as file:
        file.write(NEW_KIND)
    return tree


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    root = tmp_path_factory.mktemp("releases")
    found = previous_release(root / "old")
    old = found or copy_of_this_tree(root / "old")
    new = expanded(root / "new")
    with temporary_directory() as directory:
        database, redis = MariaDB(directory), Redis(directory)
        stack = Stack(directory, database, redis)
        try:
            database.start()
            redis.start()
            yield started(Two(old, new, stack, stands_in=found is None))
        finally:
            stack.stop()
            redis.kill()
            database.kill()


def started(two: Two) -> Two:
    """The old release as it was deployed, then the new one's migrations, then the old one's console."""
    environment = two.stack.environment
    for words in (("migrate", "--verbosity", "0"), ("createcachetable",)):
        manage(two.old, environment, *words)
    manage(two.old, environment, "collectstatic", "--no-input", "--verbosity", "0")
    manage(two.old, environment, "seed_demo", "--first-serial", FIRST_SERIAL, "--access-points", "3")
    said = manage(two.new, environment, "migrate_release")
    assert "devices.9000_expand" in said
    console = two.stack.processes["console"]
    console.command = ["env", "--chdir", str(two.old), *console.command]
    console.start()
    wait_for(lambda: answers(f"{two.stack.url}/readyz"), 120, two.stack.last_words)
    return two


def test_what_the_release_before_migrated_is_still_told_the_same(two: Two) -> None:
    if two.stands_in:
        pytest.skip(
            "No tag v… and no commit before the newest migration: THIS TREE STOOD IN FOR THE OLD RELEASE"
        )
    there, here = ({path.relative_to(tree) for path in _migrations(tree)} for tree in (two.old, PROJECT))
    assert there <= here


def _migrations(tree: Path) -> list[Path]:
    return [path for room in ROOMS for path in (tree / room).glob("migrations/0*.py")]


def test_the_old_console_goes_on_by_its_users_hands(two: Two) -> None:
    browser = Browser(two.stack.url)
    browser.go("/")
    browser.follow_link("/networks/\\d+/$")
    browser.follow_link("/wifi/\\d+/$")
    browser.fill(passphrase="the old code wrote this")
    browser.fill()
    count = "from devices.models import Revision; print(Revision.objects.count())"
    assert int(two.shell(two.old, count)) > 3


CLAIM = (
    "from accounts.models import User; from devices.models import Network, AccessPoint; "
    "from devices.claiming import claim; network = Network.objects.first(); "
    "claim(User.objects.first(), network, '{serial},Bar'); "
    "print(AccessPoint.objects.filter(serial='{serial}').count())"
)


@pytest.mark.parametrize(("name", "serial"), [("old", "24f5a2ee0001"), ("new", "24f5a2ee0002")])
def test_either_release_claims_an_access_point(two: Two, name: str, serial: str) -> None:
    assert two.shell(getattr(two, name), CLAIM.format(serial=serial)) == "1"


def test_the_old_release_ticks(two: Two) -> None:
    tick = "from jobs.schedule import reconcile_all; from jobs import dispatch; "
    tick += "reconcile_all(); print(dispatch.dispatch() >= 0)"
    assert two.shell(two.old, tick) == "True"


PROMISE = (
    "from devices.models import Task, Network; "
    "Task.promise({kind!r}, {key!r}, {{'network': Network.objects.first().pk}})"
)


@pytest.mark.parametrize(("by", "performed_by"), [("old", "new"), ("new", "old")])
def test_what_one_release_promised_the_other_performs(two: Two, by: str, performed_by: str) -> None:
    key = f"publish:from-{by}"
    two.shell(getattr(two, by), PROMISE.format(kind="publish", key=key))
    with two.worker(getattr(two, performed_by), "critical"):
        wait_for(lambda: two.left(key) is None, 150)


def test_a_kind_of_the_new_release_waits_for_it_unharmed(two: Two) -> None:
    """For a worker of this tree: the release before may be older than the promise."""
    key = "of-the-new-release:1"
    two.shell(two.new, PROMISE.format(kind="of-the-new-release", key=key))
    with two.worker(PROJECT, "critical"):
        wait_for(lambda: bool((two.left(key) or {}).get("last_error")), 150)
    left = two.left(key)
    assert left
    assert (left["attempts"], left["dead"]) == (0, False)
    again = "from jobs import dispatch; import time; "
    again += "from devices.models import Task; Task.objects.filter(kind='of-the-new-release').update("
    again += "run_after='2020-01-01T00:00Z'); dispatch.dispatch()"
    two.shell(two.new, again)
    with two.worker(two.new, "critical"):
        wait_for(lambda: two.left(key) is None, 150)
