"""What a save costs MySQL: counted, from the customer's click to the last document in the live store."""

import subprocess
import sys
import time

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.claiming import claim
from devices.live_store import live_store
from devices.models import AccessPoint, Network, Task
from jobs.dispatch import perform
from jobs.ingest import read_waiting
from outpost.store.contract import Seen
from tests.devices.door import CAPABILITIES, Door
from tests.world import COUNTER, World

pytestmark = pytest.mark.django_db(transaction=True)


def hang_many(world: World, count: int) -> None:
    """So many access points in the harbour, all of which told what they are, published and answered."""
    claim(world.ada, world.harbour, "\n".join(f"aa{number:010x}" for number in range(count)))
    AccessPoint.objects.update(capabilities=CAPABILITIES)
    publish_all()


def publish_all() -> None:
    for pk in list(Task.objects.values_list("pk", flat=True)):
        perform(pk)


def save(network: Network, name: str) -> None:
    network.refresh_from_db()
    wanted = network.intent()
    first, *others = wanted.ssids
    ssids = (msgspec.structs.replace(first, name=name), *others)
    network.revise(None, msgspec.structs.replace(wanted, ssids=ssids))


def statements_of_a_save(world: World, name: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        save(world.harbour, name)
        publish_all()
    return len(queries)


def test_a_save_touching_a_thousand(world: World) -> None:
    hang_many(world, 998)
    few = statements_of_a_save(world, "Lento Nuovo")
    versions = live_store().desired_versions(
        list(world.harbour.access_points.values_list("serial", flat=True))
    )
    assert len(versions) == 1000
    assert all(version and version.uuid for version in versions)
    assert few <= 60


def test_statements_do_not_grow_with_the_access_points(world: World) -> None:
    hang_many(world, 10)
    few = statements_of_a_save(world, "Lento Due")
    hang_many(world, 500)
    assert statements_of_a_save(world, "Lento Tre") == few


def test_publishing_what_is_published_costs_a_handful(world: World) -> None:
    hang_many(world, 100)
    with CaptureQueriesContext(connection) as queries:
        world.harbour.publish_soon()
        publish_all()
    assert len(queries) <= 20


def test_check_ins_that_change_nothing_cost_none(world: World, door: Door) -> None:
    hang_many(world, 0)
    session = door.connect(COUNTER)
    read_waiting()
    states = [Seen(COUNTER, session, time.time() + n, 1, b'{"unit":{}}') for n in range(50)]
    with CaptureQueriesContext(connection) as queries:
        door.store.seen(states)
        assert read_waiting() == 0
    assert len(queries) == 0


def test_slow_statements_of_the_reader_of_facts_are_said_to_be_its(
    world: World, door: Door, process_environment: dict[str, str]
) -> None:
    door.connect(COUNTER)
    environment = process_environment | {"SLOW_QUERY_SECONDS": "0"}
    command = [sys.executable, "manage.py", "read_facts"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stderr is not None
        assert any('"where": "facts"' in line for line in reader.stderr)
        reader.terminate()
