"""Reading facts: as they come, by several processes, and by another when one is killed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from threading import Thread

import django_rq
import pytest
from django.db import OperationalError, connection

from devices.live_store import live_store
from devices.models import Configuration, Event
from jobs import ingest
from jobs.ingest import read_waiting
from jobs.worker import Worker
from outpost.store import redis_layout
from tests.devices.door import Door
from tests.jobs.test_scheduler import wait_until
from tests.world import COUNTER, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BLOCK", 0.05)


def read_until(done: Callable[[], bool], seconds: float = 60) -> int:
    """How many were read until then, or until the seconds were over."""
    end = time.monotonic() + seconds
    return ingest.read(lambda: done() or time.monotonic() > end)


def applied(serial: str = COUNTER) -> int:
    return Configuration.objects.get(access_point__serial=serial).applied_uuid


def test_what_waits_is_recorded_and_acknowledged(world: World, door: Door) -> None:
    door.tell("applied", COUNTER, uuid=7, rejected=[])
    assert read_waiting() == 1
    assert applied() == 7
    assert read_waiting() == 0


def test_it_reads_until_told_to_stop(world: World, door: Door) -> None:
    later = Thread(target=lambda: (time.sleep(0.2), door.tell("applied", COUNTER, uuid=7, rejected=[])))
    later.start()
    assert read_until(lambda: applied() == 7) == 1
    later.join()
    assert applied() == 7


def test_a_crash_before_the_acknowledgement_repeats(
    world: World, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.tell("applied", COUNTER, uuid=7, rejected=[])
    with monkeypatch.context() as patch:
        patch.setattr(type(live_store()), "acknowledge", _die)
        with pytest.raises(KeyboardInterrupt):
            read_until(lambda: False)
    monkeypatch.setattr(redis_layout, "FACT_IDLE_SECONDS", 0)
    assert read_waiting() == 1
    assert Event.objects.count() == 1


def _die(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_facts_wait_for_a_database_that_is_away(
    world: World, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = iter([True, True])
    record = ingest.record

    def sometimes(facts: object) -> object:
        if next(away, False):
            raise OperationalError(2006, "MySQL server has gone away")
        return record(facts)

    monkeypatch.setattr(ingest, "record", sometimes)
    monkeypatch.setattr(ingest, "PAUSE", 0.01)
    door.tell("applied", COUNTER, uuid=7, rejected=[])
    assert read_until(lambda: applied() == 7) == 1


def test_reading_outlives_a_live_store_that_is_away(world: World, settings: object) -> None:
    settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    assert read_until(lambda: False, seconds=0.2) == 0


def test_two_at_once_share_the_facts(world: World, door: Door) -> None:
    for uuid in range(1, 51):
        door.tell("applied", COUNTER, uuid=uuid, rejected=[])
        door.tell("applied", WINDOW, uuid=uuid, rejected=[])
    readers = [Thread(target=_read_and_close) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert (applied(COUNTER), applied(WINDOW)) == (50, 50)
    assert Event.objects.count() == 100


def _read_and_close() -> None:
    read_until(lambda: Event.objects.count() == 100)
    connection.close()


@pytest.fixture
def readers(process_environment: dict[str, str]) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts one more process that reads facts; all are killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "read_facts"]
        started.append(subprocess.Popen(command, env=process_environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_facts_are_in_mysql_in_a_blink(
    world: World, door: Door, readers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """Each fact is timed from the live store to MySQL."""
    readers()
    door.tell("applied", COUNTER, uuid=1, rejected=[])
    wait_until(lambda: applied() == 1)
    delays = []
    for uuid in range(2, 42):
        start = time.monotonic()
        door.tell("applied", COUNTER, uuid=uuid, rejected=[])
        wait_until(lambda: applied() == uuid, every=0.002)  # noqa: B023 - called in this turn
        delays.append(time.monotonic() - start)
    # The best quarter, and all but the worst: who polls each second is never that fast, a busy machine is.
    assert sorted(delays)[len(delays) // 4] < 0.5
    assert sorted(delays)[-len(delays) // 4] < 1.0


def test_a_killed_reader_is_replaced(
    world: World, door: Door, readers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    first = readers()
    door.tell("applied", COUNTER, uuid=1, rejected=[])
    wait_until(lambda: applied() == 1)
    first.kill()
    door.tell("applied", COUNTER, uuid=2, rejected=[])
    readers()
    wait_until(lambda: applied() == 2)


def test_sigterm_ends_it_with_nothing_half_done(
    world: World, door: Door, readers: Callable[[], subprocess.Popen[bytes]]
) -> None:
    reader = readers()
    door.tell("applied", COUNTER, uuid=1, rejected=[])
    wait_until(lambda: applied() == 1)
    for uuid in range(2, 2000):
        door.tell("applied", COUNTER, uuid=uuid, rejected=[])
    reader.terminate()
    assert reader.wait(60) == 0
    read_waiting()
    assert Event.objects.count() == 1999


def test_a_worker_takes_one_queue(world: World) -> None:
    queues = [django_rq.get_queue("critical"), django_rq.get_queue("default")]
    with pytest.raises(Exception, match="one queue"):
        Worker(queues, connection=queues[0].connection)
