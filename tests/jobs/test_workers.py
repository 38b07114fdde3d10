"""Worker processes killed and servers restarted in the middle of a save: everything converges by itself."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import redis
from django.db import transaction

from devices.live_store import live_store
from devices.models import Command, Configuration, Network, Task
from devices.models.command import CommandKind
from tests.devices.door import Door
from tests.jobs.test_scheduler import wait_until
from tests.servers import Redis
from tests.world import COUNTER, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
CONVERGED_WITHIN = 90  # seconds after the restart
Run = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def run(process_environment: dict[str, str]) -> Iterator[Run]:
    """Start ``manage.py`` with these words; killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **environment: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "manage.py", *words]
        started.append(subprocess.Popen(command, env=process_environment | environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def published() -> bool:
    row = Configuration.objects.get(access_point__serial=COUNTER)
    return row.published_revision == row.wanted_revision and row.uuid > 0


def idle() -> bool:
    """Nothing that this page is about is left to do."""
    return not Task.objects.filter(kind__in=["publish", "rebuild", "command"]).exists()


def test_a_save_is_published_within_a_second(world: World, door: Door, run: Run) -> None:
    run("rqworker", "critical")
    door.connect(COUNTER)
    wait_until(idle)
    assert min(published_after(world, door, f"Bar {number}") for number in range(10)) < 1


def published_after(world: World, door: Door, name: str) -> float:
    """Seconds from a save. The machine may be slow now and then, a worker that waits for a look always is."""
    start = time.monotonic()
    world.counter.rename(world.ada, name)
    wait_until(lambda: door.document(COUNTER)["unit"]["name"] == name, every=0.01)
    return time.monotonic() - start


def test_a_worker_killed_while_publishing(world: World, door: Door, run: Run) -> None:
    run("run_scheduler")
    worker = run("rqworker", "critical")
    run("rqworker", "default")
    wait_until(idle)
    door.connect(COUNTER)
    with transaction.atomic():
        Network.objects.select_for_update().get(pk=world.harbour.pk)
        Task.promise("publish", "publish:other", {"network": world.harbour.pk})
    with transaction.atomic():  # the worker waits for this lock, in the middle of its task
        Network.objects.select_for_update().get(pk=world.harbour.pk)
        time.sleep(1)
        worker.kill()
    run("rqworker", "critical")
    wait_until(published, CONVERGED_WITHIN)
    wait_until(idle, CONVERGED_WITHIN)


def test_redis_restarted_empty(world: World, door: Door, run: Run, own_redis: Redis) -> None:
    """The queue's Redis dies with the word of a save in it; scheduler and worker live on."""
    queue = {"REDIS_URL": f"{own_redis.url}/0"}
    run("run_scheduler", **queue)
    run("rqworker", "critical", **queue)
    run("rqworker", "default", **queue)
    wait_until(idle)
    own_redis.kill()
    door.connect(COUNTER)
    world.counter.rename(world.ada, "Bar")
    own_redis.start()
    wait_until(lambda: published() and idle(), CONVERGED_WITHIN)
    assert door.document(COUNTER)["unit"]["name"] == "Bar"


def test_the_live_store_restarted_empty(
    world: World, door: Door, run: Run, own_redis: Redis, settings: Any
) -> None:
    """Nobody asks for it: the timetable notices, and a rebuild follows."""
    live = {"LIVE_STORE_URL": f"{own_redis.url}/1"}
    settings.LIVE_STORE_URL = live["LIVE_STORE_URL"]
    run("run_scheduler", **live)
    run("rqworker", "critical", **live)
    run("rqworker", "default", **live)
    own_door = Door()
    own_door.connect(COUNTER)
    wait_until(lambda: own_door.uuid(COUNTER) and not live_store().rebuild_due())
    before = own_door.uuid(COUNTER)
    own_redis.kill()
    own_redis.start()
    wait_until(lambda: own_door.uuid(COUNTER) == before, CONVERGED_WITHIN)
    own_door.close()


def test_flushed_whole_the_commands_that_wait_come_back(
    world: World, run: Run, own_redis: Redis, settings: Any
) -> None:
    """Queue and live store in one Redis, emptied after a command was delivered, before it was fetched."""
    one = {"REDIS_URL": f"{own_redis.url}/0", "LIVE_STORE_URL": f"{own_redis.url}/1"}
    settings.LIVE_STORE_URL = one["LIVE_STORE_URL"]
    run("run_scheduler", **one)
    run("rqworker", "critical", **one)
    run("rqworker", "default", **one)
    command = Command.ask(world.ada, world.counter, CommandKind.REBOOT)
    wait_until(lambda: idle() and not live_store().rebuild_due())
    with redis.Redis.from_url(own_redis.url) as server:
        server.flushall()
    wait_until(lambda: not live_store().rebuild_due(), CONVERGED_WITHIN)
    with closing(Door()) as own_door:
        waiting = own_door.store.take_commands(COUNTER, 10, time.time())
    assert [one.id for one in waiting] == [command.pk]
