"""Several schedulers as processes: one ticks, another goes on when it is killed or paused, none twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import django_rq
import pytest
import redis
import time_machine
from redis.exceptions import WatchError

from jobs import scheduler
from jobs.scheduler import LockLost, Scheduler
from tests.jobs.probes import PROBE_EVERY
from tests.jobs.test_scheduler import wait_until
from tests.servers import Redis

LOCK = Scheduler.scheduler_lock_key
PROBE = b"timetable-probe"
TAKE_OVER = 15.0  # seconds, at most


class Ticks(Thread):
    """Takes what the schedulers put into the queue, as a worker would, and notes when.

    ``clock`` are the seconds it has seen pass: it stands still while the machine does.
    """

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.server = redis.Redis.from_url(url)
        self.at: list[float] = []
        self.clock = 0.0
        self.ended = Event()

    def run(self) -> None:
        while not self.ended.is_set():
            began = time.monotonic()
            try:
                for queue in ("critical", "default"):
                    while job := self.server.lpop(f"rq:queue:{queue}"):
                        self.at += [time.monotonic()] * (job == PROBE)
            except redis.RedisError:
                pass
            self.ended.wait(0.02)
            self.clock += min(time.monotonic() - began, 0.2)

    def comes_after(self, moment: float) -> bool:
        return bool(self.at) and self.at[-1] > moment


@pytest.fixture
def ticks(own_redis: Redis) -> Iterator[Ticks]:
    thread = Ticks(own_redis.url)
    thread.start()
    yield thread
    thread.ended.set()
    thread.join()


@pytest.fixture
def schedulers(own_redis: Redis) -> Iterator[dict[int, "subprocess.Popen[bytes]"]]:
    """Three of them, by process id."""
    environment = os.environ | {"REDIS_URL": own_redis.url, "DJANGO_SETTINGS_MODULE": "console.settings"}
    command = [sys.executable, "-m", "tests.jobs.probes", "scheduler"]
    started = [subprocess.Popen(command, env=environment) for _ in range(3)]
    yield {process.pid: process for process in started}
    for process in started:
        process.kill()
        process.wait()


def holder(server: "redis.Redis") -> int:
    """Its process id; 0 when nobody holds the lock."""
    token = server.get(LOCK)
    return int(token.split(b":")[1]) if token else 0  # type: ignore[union-attr]


def leader(ticks: Ticks, schedulers: dict[int, Any]) -> Any:
    """The process that holds the lock, once one does."""
    while not (found := schedulers.get(holder(ticks.server))):
        time.sleep(0.01)
    return found


def gap_after(ticks: Ticks, act: Callable[[], Any]) -> float:
    """Seconds from the act to the next tick that follows it."""
    start, began = time.monotonic(), ticks.clock
    act()
    wait_until(lambda: ticks.comes_after(start + PROBE_EVERY + 0.5), every=0.01)
    return ticks.clock - began


def test_killed_holders_are_followed_and_no_tick_comes_twice(
    ticks: Ticks, schedulers: dict[int, Any], own_redis: Redis, measured: Callable[..., None]
) -> None:
    wait_until(lambda: len(ticks.at) >= 2)
    gaps = [gap_after(ticks, leader(ticks, schedulers).kill) for _ in range(2)]
    for gap in gaps:
        measured(gap, "s from kill -9 to the next tick")
    assert max(gaps) < TAKE_OVER
    wait_until(lambda: ticks.comes_after(time.monotonic() - 0.2))
    assert len(ticks.at) <= (ticks.at[-1] - ticks.at[0]) / PROBE_EVERY + 1.5


def test_a_paused_holder_comes_back_as_one_of_those_who_wait(
    ticks: Ticks, schedulers: dict[int, Any], own_redis: Redis
) -> None:
    wait_until(lambda: len(ticks.at) >= 2)
    paused = leader(ticks, schedulers)
    assert gap_after(ticks, lambda: paused.send_signal(signal.SIGSTOP)) < TAKE_OVER
    follower = leader(ticks, schedulers).pid
    paused.send_signal(signal.SIGCONT)
    before, began = len(ticks.at), time.monotonic()
    gap_after(ticks, lambda: time.sleep(3))
    assert leader(ticks, schedulers).pid == follower != paused.pid
    assert len(ticks.at) - before <= (time.monotonic() - began) / PROBE_EVERY + 2


def test_told_to_end_it_lets_another_go_on_at_once(
    ticks: Ticks, schedulers: dict[int, Any], own_redis: Redis, measured: Callable[..., None]
) -> None:
    wait_until(lambda: len(ticks.at) >= 2)
    took = [handed_over(ticks, leader(ticks, schedulers)) for _ in range(2)]
    for seconds in took:
        measured(seconds, "s from SIGTERM until another led")
    assert min(took) < 2  # a busy machine may be late once


def handed_over(ticks: Ticks, leaving: "subprocess.Popen[bytes]") -> float:
    """Seconds from SIGTERM until another leads."""
    began = ticks.clock
    leaving.terminate()
    wait_until(lambda: holder(ticks.server) not in (0, leaving.pid), every=0.01)
    took = ticks.clock - began
    assert leaving.wait(60) == 0
    return took


def test_a_wiped_and_a_read_only_redis_are_survived(
    ticks: Ticks, schedulers: dict[int, Any], own_redis: Redis
) -> None:
    wait_until(lambda: len(ticks.at) >= 2)
    assert min(gap_after(ticks, ticks.server.flushall) for _ in range(2)) < 4
    ticks.server.replicaof("127.0.0.1", 1)
    time.sleep(3)  # what they do meanwhile is what is tested
    ticks.server.replicaof("no", "one")
    assert gap_after(ticks, lambda: None) < TAKE_OVER
    assert all(process.poll() is None for process in schedulers.values())


# --- the fence, move by move -----------------------------------------------------------------------


@pytest.fixture
def due(db: None, monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    """A holder with everything due, and a lock that outlives a machine that stands still."""
    monkeypatch.setattr(scheduler, "LOCK_SECONDS", 600)
    one = Scheduler()
    assert one.acquire_lock()
    one.install()
    return one


def test_a_move_without_the_lock_is_refused(due: Scheduler) -> None:
    due.connection.set(LOCK, "another's")
    with pytest.raises(LockLost):
        due.enqueue_job(next(iter(due.get_jobs())))
    assert django_rq.get_queue("critical").count + django_rq.get_queue("default").count == 0


def test_what_a_clock_that_was_ahead_put_off_is_due_again(due: Scheduler) -> None:
    """Its interval is two seconds; by the wrong clock of an earlier holder it is due in an hour."""
    late = {"timetable-dispatch": time.time() + 3600}
    due.connection.zadd(due.scheduled_jobs_key, late)
    due.install()
    assert due.connection.zscore(due.scheduled_jobs_key, "timetable-dispatch") < time.time() + 5


def test_one_whose_clock_is_wrong_lets_go_of_the_lock(due: Scheduler) -> None:
    with time_machine.travel(time.time() + 60):
        due.tick()
    assert due.connection.get(LOCK) is None


def test_a_lock_lost_in_the_middle_of_a_move_ends_it(due: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    job = next(iter(due.get_jobs()))
    queue = due.get_queue_for_job(job)
    monkeypatch.setattr(due, "get_queue_for_job", lambda job: _Thief(queue, due))
    with pytest.raises(WatchError):
        due.enqueue_job(job)
    assert queue.count == 0


class _Thief:
    """A queue during whose use the lock goes to another."""

    def __init__(self, queue: Any, scheduler: Scheduler) -> None:
        self.key, self._queue, self._connection = queue.key, queue, scheduler.connection

    def enqueue_job(self, job: Any, pipeline: Any) -> None:
        self._connection.set(LOCK, "another's")
        self._queue.enqueue_job(job, pipeline=pipeline)


def test_a_lock_of_another_is_not_released(due: Scheduler) -> None:
    due.connection.set(LOCK, "another's")
    due.remove_lock()
    assert due.connection.get(LOCK) == b"another's"


def test_the_holder_keeps_it_and_others_do_not_get_it(due: Scheduler) -> None:
    assert not Scheduler().acquire_lock()
    due.connection.expire(LOCK, 300)
    assert due.acquire_lock()
    assert due.connection.ttl(LOCK) > 300
