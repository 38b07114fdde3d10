"""The metronome: the timetable stands, jobs are enqueued when due, and nothing piles up or is lost."""

import json
import re
import signal
import subprocess
import sys
import time
import zlib
from datetime import timedelta
from io import StringIO
from typing import Any

import django_rq
import pytest
import redis
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone as clock

from jobs import schedule, scheduler
from jobs.queues import JsonJob
from jobs.schedule import CALENDAR, TIMETABLE, Entry
from jobs.scheduler import Scheduler

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_lock_that_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while this machine stands still."""
    monkeypatch.setattr(scheduler, "LOCK_SECONDS", 600)


def scheduled() -> set[str]:
    connection = django_rq.get_connection("default")
    return {raw.decode() for raw in connection.zrange(Scheduler.scheduled_jobs_key, 0, -1)}


def queued(name: str) -> list[str]:
    return list(django_rq.get_queue(name).get_job_ids())


def test_every_id_is_one_rq_allows() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", entry.id) for entry in TIMETABLE)
    assert len({entry.id for entry in TIMETABLE}) == len(TIMETABLE)


def test_every_entry_goes_to_a_queue_that_exists(settings: Any) -> None:
    assert {entry.queue for entry in TIMETABLE} <= set(settings.RQ_QUEUES)


def test_installed_twice_it_stands_once() -> None:
    for _ in range(2):
        Scheduler().install()
    assert scheduled() == {entry.id for entry in TIMETABLE}


def test_the_first_tick_enqueues_everything_once() -> None:
    Scheduler().tick()
    Scheduler().tick()
    for name in ("critical", "default"):
        assert sorted(queued(name)) == sorted(entry.id for entry in TIMETABLE if entry.queue == name)


def test_while_no_worker_runs_nothing_piles_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "is_wrong", lambda ahead: False)  # Redis's clock does not travel
    one = Scheduler()
    for seconds in range(0, 60, 5):
        with time_machine.travel(clock.now() + timedelta(seconds=seconds), tick=False):
            one.tick()
    assert len(queued("critical")) == 2


def test_due_again_after_its_interval() -> None:
    one, now = Scheduler(), clock.now()
    with time_machine.travel(now, tick=False):
        one.tick()
        django_rq.get_connection("critical").delete(django_rq.get_queue("critical").key)  # worked off
        one.tick()
    assert queued("critical") == []
    with time_machine.travel(now + timedelta(seconds=4), tick=False):
        one.tick()
    assert queued("critical") == ["timetable-dispatch", "timetable-reconcile"]


def test_what_redis_lost_is_put_back_at_the_next_tick() -> None:
    one = Scheduler()
    one.tick()
    django_rq.get_connection("default").flushdb()
    one.tick()
    assert scheduled() == {entry.id for entry in TIMETABLE}
    assert "timetable-dispatch" in queued("critical")


def test_a_retired_entry_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    former = Entry("former", schedule.dispatch.dispatch, 5, "critical")
    monkeypatch.setattr(scheduler, "TIMETABLE", (*TIMETABLE, former))
    Scheduler().install()
    monkeypatch.undo()
    Scheduler().install()
    assert former.id not in scheduled()


def test_only_one_of_them_ticks() -> None:
    holder, other = Scheduler(), Scheduler()
    holder.acquire_lock()
    other.tick()
    assert scheduled() == set()


def test_jobs_are_json_in_redis() -> None:
    Scheduler().install()
    connection = django_rq.get_connection("default")
    data = connection.hget(JsonJob.key_for("timetable-dispatch"), "data")
    assert JsonJob.fetch("timetable-dispatch", connection=connection).func_name == "jobs.dispatch.dispatch"
    assert json.loads(zlib.decompress(data))[0] == "jobs.dispatch.dispatch"
    assert django_rq.get_queue("critical").job_class is JsonJob


def test_the_command_installs_and_shows_it() -> None:
    out = StringIO()
    call_command("schedule", stdout=out)
    assert len(out.getvalue().splitlines()) == len(TIMETABLE) + len(CALENDAR)
    assert len(scheduled()) == len(TIMETABLE)


def test_the_command_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis(port=1, socket_connect_timeout=0.1)
    monkeypatch.setattr(scheduler.django_rq, "get_connection", lambda name: nowhere)
    with pytest.raises(CommandError, match="Redis does not answer"):
        call_command("schedule")


def test_the_process_outlives_redis_and_ends_on_sigterm(
    own_redis: Any, process_environment: dict[str, str]
) -> None:
    environment = process_environment | {"REDIS_URL": f"{own_redis.url}/0"}
    process = subprocess.Popen([sys.executable, "manage.py", "run_scheduler"], env=environment)
    try:
        wait_until(lambda: _count(own_redis) == len(TIMETABLE))
        own_redis.kill()
        time.sleep(1.5)
        own_redis.start()
        wait_until(lambda: _count(own_redis) == len(TIMETABLE))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()


def _count(server: Any) -> int:
    try:
        with redis.Redis.from_url(server.url) as client:
            return int(client.zcard(Scheduler.scheduled_jobs_key))
    except redis.RedisError:
        return 0


def wait_until(true: Any, seconds: float = 90, every: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(every)
