"""What those who run Aerie watch of all of it: asked of MySQL, Redis and the live store when it is scraped.

MySQL says what is to be done, Redis what is on its way. While one is away its figures are missing,
and its ``aerie_…_up`` says 0: a figure that stands still would look well. Every instance tells the
same: take the greatest of them, never the sum. ``docs/metrics.md`` has them all.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

import redis
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Min
from django.utils import timezone as clock
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from rq import Queue, Worker
from rq.worker import WorkerStatus

from devices import replica, skew
from devices.backups.age import AGE, in_use
from devices.live_store import live_store
from devices.models import Task
from devices.models.task import TaskState
from jobs import performed
from jobs.dispatch import kind_of
from jobs.queues import prompt_queue
from jobs.scheduler import LAST_TICK_KEY
from outpost.store.contract import StoreUnavailable


class QueueFigures(Collector):
    """Register it in a registry of its own: it asks anew at every scrape."""

    def collect(self) -> Iterator[Metric]:
        yield from _guarded("aerie_tasks_up", "Whether MySQL told about the tasks", _tasks)
        yield from _guarded("aerie_queue_up", "Whether Redis told about the queues", _queues)
        yield from _guarded("aerie_live_store_up", "Whether the live store told how much it holds", _store)
        yield from _replica()
        yield from _backups()
        words = "How far the clock of the instance that answered is ahead of MySQL's"
        yield GaugeMetricFamily("aerie_clock_ahead_seconds", words, value=skew.SKEW.ahead())
        release = GaugeMetricFamily("aerie_release", "1, with the release that answered", labels=["release"])
        release.add_metric([settings.AERIE_RELEASE], 1)
        yield release


def registry() -> CollectorRegistry:
    own = CollectorRegistry()
    own.register(QueueFigures())
    return own


def _guarded(name: str, words: str, figures: Callable[[], Iterator[Metric]]) -> Iterator[Metric]:
    up = 1
    try:
        yield from list(figures())
    except (redis.RedisError, DatabaseError, StoreUnavailable):
        up = 0
    yield GaugeMetricFamily(name, words, value=up)


def _tasks() -> Iterator[Metric]:
    now = clock.now()
    dead = Task.objects.filter(dead=True).count()
    yield GaugeMetricFamily("aerie_tasks_dead", "Tasks given up, until somebody sees to them", value=dead)
    counts = GaugeMetricFamily("aerie_tasks", "Tasks by kind and state", labels=["kind", "state"])
    for state in TaskState:
        for kind, count in Task.objects.filter(state.of(now)).values_list("kind").annotate(Count("pk")):
            counts.add_metric([kind, state.value], count)
    yield counts
    yield from _due(now)


def _due(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Per queue, each of them always there: an alarm on a missing figure would never ring."""
    number = GaugeMetricFamily("aerie_tasks_due", "Tasks that nobody works on although due", labels=["queue"])
    late = GaugeMetricFamily("aerie_tasks_late_seconds", "How long the oldest is due", labels=["queue"])
    rows = Task.objects.filter(TaskState.WAITING.of(now), run_after__lte=now).values_list("kind")
    found = dict.fromkeys(settings.RQ_QUEUES, (0, 0.0))
    for kind, count, oldest in rows.annotate(Count("pk"), Min("run_after")):
        queue = kind_of(kind).queue
        sum_, age = found[queue]
        found[queue] = sum_ + count, max(age, (now - oldest).total_seconds())
    for queue, (count, age) in found.items():
        number.add_metric([queue], count)
        late.add_metric([queue], age)
    yield from (number, late)


def _queues() -> Iterator[Metric]:
    length = GaugeMetricFamily("aerie_queue_jobs", "Jobs that wait in a queue", labels=["queue"])
    oldest = GaugeMetricFamily("aerie_queue_oldest_seconds", "Age of the next job", labels=["queue"])
    workers = GaugeMetricFamily(
        "aerie_workers", "Worker processes, by what they do", labels=["queue", "state"]
    )
    for name in settings.RQ_QUEUES:
        queue = prompt_queue(name)
        length.add_metric([name], queue.count)
        oldest.add_metric([name], _age_of_next(name))
        for state, count in _workers_of(queue).items():
            workers.add_metric([name, state], count)
    yield from (length, oldest, workers, *performed.families())
    last = prompt_queue("default").connection.get(LAST_TICK_KEY)
    if last is not None:
        age = max(0.0, time.time() - float(last))
        yield GaugeMetricFamily("aerie_scheduler_tick_age_seconds", "Since the scheduler's tick", value=age)


def _workers_of(queue: Queue) -> dict[str, int]:
    """Each state always there."""
    busy = sum(worker.get_state() == WorkerStatus.BUSY for worker in Worker.all(queue=queue))
    return {"busy": busy, "idle": Worker.count(queue=queue) - busy}


def _store() -> Iterator[Metric]:
    found = live_store().figures()
    for name, words, value in (
        ("aerie_live_store_bytes", "Memory of the live store's server", found.used_bytes),
        ("aerie_live_store_limit_bytes", "What it may use; 0: all there is", found.most_bytes),
        ("aerie_live_store_keys", "Keys in the live store", found.keys),
        ("aerie_live_store_access_points", "Claimed access points with a sign of life", found.seen),
        ("aerie_live_store_facts", "Facts that wait to be read into MySQL", found.facts),
    ):
        yield GaugeMetricFamily(name, words, value=value)


def _replica() -> Iterator[Metric]:
    """Nothing without one."""
    if not replica.is_configured():
        return
    replica.HEALTH.why_not()  # asks it again, once a second at most
    lag = replica.HEALTH.lag
    if lag is not None:
        yield GaugeMetricFamily("aerie_replica_lag_seconds", "Age of its newest heartbeat", value=lag)
    yield GaugeMetricFamily("aerie_replica_up", "Whether it told its age", value=int(lag is not None))


def _backups() -> Iterator[Metric]:
    if in_use():
        words = "Since the newest backup was begun; +Inf without any, NaN until the storage was asked"
        yield GaugeMetricFamily("aerie_backup_age_seconds", words, value=AGE())


def _age_of_next(name: str) -> float:
    queue = prompt_queue(name)
    jobs = queue.get_jobs(0, 1)
    enqueued = jobs[0].enqueued_at if jobs else None
    return max(0.0, time.time() - enqueued.timestamp()) if enqueued else 0.0
