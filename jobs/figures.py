"""What those who run Aerie watch of the queue: asked of MySQL and Redis whenever it is scraped.

MySQL says what is to be done, Redis what is on its way. While one is away its figures are missing,
and ``aerie_queue_up`` or ``aerie_tasks_up`` says 0: a figure that stands still would look well.
"""

import time
from collections.abc import Iterator
from datetime import datetime

import redis
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Min
from django.utils import timezone as clock
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from devices.models import Task
from devices.models.task import TaskState
from jobs.dispatch import kind_of
from jobs.queues import prompt_queue
from jobs.scheduler import LAST_TICK_KEY


class QueueFigures(Collector):
    """Register it in a registry of its own: it asks anew at every scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _guarded("aerie_tasks_up", "Whether MySQL told about the tasks", _tasks)
        yield from _guarded("aerie_queue_up", "Whether Redis told about the queues", _queues)


def registry() -> CollectorRegistry:
    own = CollectorRegistry()
    own.register(QueueFigures())
    return own


def _guarded(name: str, words: str, figures: object) -> Iterator[GaugeMetricFamily]:
    up = 1
    try:
        yield from list(figures())  # type: ignore[operator]
    except (redis.RedisError, DatabaseError):
        up = 0
    yield GaugeMetricFamily(name, words, value=up)


def _tasks() -> Iterator[GaugeMetricFamily]:
    now = clock.now()
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


def _queues() -> Iterator[GaugeMetricFamily]:
    length = GaugeMetricFamily("aerie_queue_jobs", "Jobs that wait in a queue", labels=["queue"])
    oldest = GaugeMetricFamily("aerie_queue_oldest_seconds", "Age of the next job", labels=["queue"])
    for name in settings.RQ_QUEUES:
        queue = prompt_queue(name)
        length.add_metric([name], queue.count)
        oldest.add_metric([name], _age_of_next(name))
    yield from (length, oldest)
    last = prompt_queue("default").connection.get(LAST_TICK_KEY)
    if last is not None:
        age = max(0.0, time.time() - float(last))
        yield GaugeMetricFamily("aerie_scheduler_tick_age_seconds", "Since the scheduler's tick", value=age)


def _age_of_next(name: str) -> float:
    queue = prompt_queue(name)
    jobs = queue.get_jobs(0, 1)
    enqueued = jobs[0].enqueued_at if jobs else None
    return max(0.0, time.time() - enqueued.timestamp()) if enqueued else 0.0
