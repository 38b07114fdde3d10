"""What workers performed, counted in Redis for all instances together: they answer no scraper themselves.

One hash, of numbers that only grow; whoever wipes Redis sets them back, which Prometheus knows how to
read. Kinds are those of ``jobs.dispatch`` and ``jobs.schedule``: a short list. A Redis that does not
answer in half a second costs a count, never a job.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from redis.exceptions import RedisError

from devices.statements import Tally, tallied
from jobs.queues import prompt_queue

KEY = "aerie:performed"
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)  # seconds
log = structlog.get_logger(__name__)


@dataclass
class Run:
    """One attempt at a task, or one run of a job of the timetable."""

    kind: str
    outcome: str = "interrupted"  # what it stays when something else than its end ended it
    tally: Tally = field(default_factory=Tally)


@contextmanager
def counted(kind: str) -> Iterator[Run]:
    """Time it and its SQL; whoever performs it says the ``outcome``."""
    run, began = Run(kind), time.monotonic()
    run.tally.where = f"job:{kind}"
    try:
        with tallied(run.tally):
            yield run
    finally:
        _write(run, time.monotonic() - began)


def _write(run: Run, seconds: float) -> None:
    bucket = next((str(bound) for bound in BOUNDS if seconds <= bound), "+Inf")
    try:
        with prompt_queue("default").connection.pipeline(transaction=False) as pipe:
            pipe.hincrby(KEY, f"run|{run.kind}|{run.outcome}", 1)
            pipe.hincrby(KEY, f"le|{run.kind}|{bucket}", 1)
            pipe.hincrbyfloat(KEY, f"seconds|{run.kind}|", round(seconds, 6))
            pipe.hincrby(KEY, f"sql|{run.kind}|", run.tally.count)
            pipe.hincrbyfloat(KEY, f"sql_seconds|{run.kind}|", round(run.tally.seconds, 6))
            if run.tally.slow:
                pipe.hincrby(KEY, f"slow|{run.kind}|", run.tally.slow)
            pipe.execute()
    except RedisError as error:
        log.warning("a run was not counted", kind=run.kind, error=type(error).__name__)


def families() -> Iterator[Metric]:
    """For a page of metrics. Raises redis' own errors."""
    found = _read(prompt_queue("default").connection.hgetall(KEY))
    runs = CounterMetricFamily("aerie_jobs", "Runs by kind and outcome", labels=["kind", "outcome"])
    for (kind, outcome), count in found.get("run", {}).items():
        runs.add_metric([kind, outcome], count)
    yield runs
    yield _durations(found)
    yield _sums(found, "sql", "aerie_job_sql_statements", "SQL statements of jobs")
    yield _sums(found, "sql_seconds", "aerie_job_sql_seconds", "Time jobs waited for SQL")
    yield _sums(found, "slow", "aerie_job_slow_queries", "Statements of jobs slower than SLOW_QUERY_SECONDS")


Figures = dict[str, dict[tuple[str, str], float]]


def _read(raw: Mapping[bytes, bytes]) -> Figures:
    """Figure, then (kind, outcome or bound)."""
    found: Figures = {}
    for name, value in raw.items():
        figure, kind, rest = name.decode().split("|")
        found.setdefault(figure, {})[kind, rest] = float(value)
    return found


def _durations(found: Figures) -> Metric:
    family = HistogramMetricFamily("aerie_job_seconds", "How long a run took", labels=["kind"])
    counts = found.get("le", {})
    for kind in sorted({kind for kind, _ in counts}):
        total, buckets = 0.0, []
        for bound in (*map(str, BOUNDS), "+Inf"):
            total += counts.get((kind, bound), 0.0)
            buckets.append((bound, total))
        family.add_metric([kind], buckets, found.get("seconds", {}).get((kind, ""), 0.0))
    return family


def _sums(found: Figures, figure: str, name: str, words: str) -> Metric:
    family = CounterMetricFamily(name, words, labels=["kind"])
    for (kind, _), value in found.get(figure, {}).items():
        family.add_metric([kind], value)
    return family
