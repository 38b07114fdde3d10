"""Reading facts in slots: as they come, by several, and by another when one is killed."""

import subprocess
import sys
import time
from collections.abc import Iterator
from threading import Thread

import django_rq
import pytest
from django.db import OperationalError, connection

from devices.live_store import live_store
from devices.models import Configuration, Event
from jobs import ingest
from jobs.ingest import read_slot, read_waiting
from jobs.worker import Worker
from outpost.store import redis_layout
from tests.devices.door import Door
from tests.jobs.test_scheduler import wait_until
from tests.world import COUNTER, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)


def applied(serial: str = COUNTER) -> int:
    return Configuration.objects.get(access_point__serial=serial).applied_uuid


def test_what_waits_is_recorded_and_acknowledged(world: World, door: Door) -> None:
    door.tell("applied", COUNTER, uuid=7, rejected=[])
    assert read_waiting() == 1
    assert applied() == 7
    assert read_waiting() == 0


def test_a_slot_reads_until_its_end(world: World, door: Door) -> None:
    later = Thread(target=lambda: (time.sleep(0.2), door.tell("applied", COUNTER, uuid=7, rejected=[])))
    later.start()
    assert read_slot(0.6) == 1
    later.join()
    assert applied() == 7


def test_a_crash_before_the_acknowledgement_repeats(
    world: World, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.tell("applied", COUNTER, uuid=7, rejected=[])
    with monkeypatch.context() as patch:
        patch.setattr(type(live_store()), "acknowledge", _die)
        with pytest.raises(KeyboardInterrupt):
            read_slot(1)
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
    assert read_slot(0.5) == 1


def test_a_slot_outlives_a_live_store_that_is_away(world: World, settings: object) -> None:
    settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    assert read_slot(0.2) == 0


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
    read_slot(1)
    connection.close()


@pytest.fixture
def workers(process_environment: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A scheduler and a worker for facts, as processes."""
    commands = (["run_scheduler"], ["rqworker", "ingest"])
    processes = [
        subprocess.Popen([sys.executable, "manage.py", *words], env=process_environment) for words in commands
    ]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def test_facts_are_in_mysql_in_a_blink_whichever_slot(
    world: World, door: Door, workers: list[subprocess.Popen[bytes]]
) -> None:
    """Twelve seconds cross two ends of slots; each fact is timed from the live store to MySQL."""
    door.tell("applied", COUNTER, uuid=1, rejected=[])
    wait_until(lambda: applied() == 1)
    delays = []
    for uuid in range(2, 62):
        start = time.monotonic()
        door.tell("applied", COUNTER, uuid=uuid, rejected=[])
        while applied() != uuid:
            time.sleep(0.002)
        delays.append(time.monotonic() - start)
        time.sleep(0.15)
    assert sorted(delays)[len(delays) // 2] < 0.1
    assert max(delays) < 1.0


def test_a_killed_reader_is_replaced(
    world: World, door: Door, workers: list[subprocess.Popen[bytes]], process_environment: dict[str, str]
) -> None:
    door.tell("applied", COUNTER, uuid=1, rejected=[])
    wait_until(lambda: applied() == 1)
    workers[1].kill()
    door.tell("applied", COUNTER, uuid=2, rejected=[])
    workers.append(
        subprocess.Popen([sys.executable, "manage.py", "rqworker", "ingest"], env=process_environment)
    )
    wait_until(lambda: applied() == 2)


def test_a_worker_takes_one_queue(world: World) -> None:
    queues = [django_rq.get_queue("critical"), django_rq.get_queue("default")]
    with pytest.raises(Exception, match="one queue"):
        Worker(queues, connection=queues[0].connection)
