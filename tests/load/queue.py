"""The queue: tasks per second beside bare rq jobs, from due to performed, a dead scheduler followed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import django_rq
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone as clock

from devices.models import Task
from jobs import dispatch
from jobs.scheduler import LAST_TICK_KEY, Scheduler
from tests.jobs import probes
from tests.load.findings import Findings, Goal, Spread, Table

TASKS = 1_000
ROUNDS = 3
FLOOR = "floor: bare rq, an empty job enqueued and performed"
LIMIT = 120.0  # seconds


def measure(scale: float = 1.0) -> Findings:
    size = max(10, int(TASKS * scale))
    dispatch.KINDS |= probes.kinds()
    Task.objects.all().delete()
    _redis().flushdb()
    with _process("worker", "default"):
        _rate(10, _bare)  # it is up now
        floor, tasks = _spread(lambda: _rate(size, _bare)), _spread(lambda: _rate(size, _promised))
        with _process("worker", "critical"), _process("scheduler"):
            _wait(lambda: _redis().get(LAST_TICK_KEY))
            due = _spread(_due_to_performed, rounds=2 * ROUNDS)
    followed = _take_overs()
    rows = [("promised in a transaction each, performed", tasks, tasks.times(floor)), (FLOOR, floor, "1×")]
    times = [
        ("from due to performed, its word lost", due),
        ("from kill -9 of the scheduler to a tick", followed),
    ]
    sample = f"{size:,} tasks that do nothing, one worker; median (least–most) of the rounds."
    tables = [Table(("", "per second", "÷ floor"), rows), Table(("", "s"), times)]
    goals = [
        Goal("take-over after kill -9 of the scheduler", 15, max(followed.rounds), "s"),
        Goal("from due to performed, though its word was lost", 5, max(due.rounds), "s"),
    ]
    return Findings(sample, tables, goals)


def _spread(figure: Callable[[], float], rounds: int = ROUNDS) -> Spread:
    return Spread(tuple(figure() for _ in range(rounds)))


def _rate(size: int, run: Callable[[int], None]) -> float:
    """Per second, from the first request to the last one's end."""
    began = time.monotonic()
    run(size)
    return size / (time.monotonic() - began)


def _bare(size: int) -> None:
    queue = django_rq.get_queue("default")
    for _ in range(size):
        queue.enqueue(probes.tick, result_ttl=0)
    _wait(lambda: not queue.count and not queue.started_job_registry.count)


def _promised(size: int) -> None:
    for number in range(size):
        Task.promise("nothing", f"bench:{number}", {})
    _wait(lambda: not Task.objects.filter(kind="nothing").exists())


def _due_to_performed() -> float:
    """Seconds. Nobody is told: the row alone says it is due."""
    began = time.monotonic()
    Task.objects.create(kind="nothing", key="bench:due", run_after=clock.now())
    _wait(lambda: not Task.objects.filter(kind="nothing").exists(), every=0.01)
    return time.monotonic() - began


def _take_overs() -> Spread:
    server = _redis()
    with _process("scheduler") as one, _process("scheduler") as two, _process("scheduler") as three:
        running = {process.pid: process for process in (one, two, three)}
        return Spread(tuple(_take_over(server, running) for _ in range(2)))


def _take_over(server: "redis.Redis", running: "dict[int, subprocess.Popen[bytes]]") -> float:
    _wait(lambda: _holder(server) in running)
    last, began = server.get(LAST_TICK_KEY), time.monotonic()
    killed = running.pop(_holder(server))
    killed.kill()
    killed.wait()
    _wait(lambda: _holder(server) in running and server.get(LAST_TICK_KEY) != last, every=0.02)
    return time.monotonic() - began


def _holder(server: "redis.Redis") -> int:
    token = server.get(Scheduler.scheduler_lock_key)
    return int(token.split(b":")[1]) if token else 0  # type: ignore[union-attr]


def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL)


@contextmanager
def _process(*words: str) -> "Iterator[subprocess.Popen[bytes]]":
    """On the database this benchmark works on, quiet."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{connection.settings_dict['NAME']}"
    named = {
        "DATABASE_URL": url,
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "console.settings",
    }
    environment = os.environ | named | {"LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "tests.jobs.probes", *words]
    process = subprocess.Popen(command, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait(holds: Callable[[], object], every: float = 0.005) -> None:
    deadline = time.monotonic() + LIMIT
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {LIMIT:g} s")
        time.sleep(every)
