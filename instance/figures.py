"""From a page of our metrics to CloudWatch's namespace Aerie. Pure.

Every console tells the same of the queues and the backups, as it asks the same MySQL and Redis: read
those with the statistic Maximum. What belongs to an instance alone (connections, restarts) may be
averaged and summed.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instance.scrape import Sample

NAMESPACE = "Aerie"
HOUR = 3600.0
DAY = 86_400.0
NEVER = 100_000.0  # hours: CloudWatch takes no infinity, and a backup that never was must ring


@dataclass(frozen=True)
class Figure:
    """One value of now; ``labels`` are dimensions besides Environment."""

    name: str
    value: float
    unit: str = "None"
    labels: tuple[tuple[str, str], ...] = ()


def of_console(samples: list[Sample]) -> list[Figure]:
    """What one console's page says of all of Aerie; what is not on it is left out."""
    found = [Figure("QueueAgeSeconds", age, "Seconds", (("Queue", queue),)) for queue, age in _ages(samples)]
    found += _one("TasksDead", _values(samples, "aerie_tasks_dead"), unit="Count")
    found += _one(
        "SchedulerTickAgeSeconds", _values(samples, "aerie_scheduler_tick_age_seconds"), unit="Seconds"
    )
    found += _one("ReplicaLagSeconds", _values(samples, "aerie_replica_lag_seconds"), unit="Seconds")
    ages = [min(seconds / HOUR, NEVER) for seconds in _values(samples, "aerie_backup_age_seconds")]
    found += _one("BackupAgeHours", ages)
    return found + _load(samples)


def of_outpost(samples: list[Sample], now: datetime) -> list[Figure]:
    """Connections of this instance's outposts together; what is left of the certificate they show, if any."""
    found = _one("OutpostConnections", _values(samples, "outpost_sessions"), sum, unit="Count")
    ends = [moment for moment in _values(samples, "outpost_certificate_not_after_seconds") if moment]
    return found + _one("CertificateDaysLeft", [(moment - now.timestamp()) / DAY for moment in ends], min)


def of_restarts(role: str, count: int) -> list[Figure]:
    """Restarts by the watchdog since the last time; 0 is told too, so that silence is told from health."""
    return [Figure("WatchdogRestarts", float(count), "Count", labels) for labels in ((), (("Role", role),))]


def wire(figures: Iterable[Figure], environment: str, at: datetime) -> list[dict[str, Any]]:
    """What PutMetricData takes."""
    return [
        {
            "MetricName": figure.name,
            "Dimensions": [{"Name": "Environment", "Value": environment}]
            + [{"Name": name, "Value": value} for name, value in figure.labels],
            "Timestamp": at,
            "Value": figure.value,
            "Unit": figure.unit,
        }
        for figure in figures
        if math.isfinite(figure.value)
    ]


def _ages(samples: list[Sample]) -> list[tuple[str, float]]:
    """Per queue, the older of what waits in Redis and what is due in MySQL: the truth is the latter's."""
    ages: dict[str, float] = {}
    for sample in samples:
        if sample.name in ("aerie_queue_oldest_seconds", "aerie_tasks_late_seconds"):
            queue = sample.labels.get("queue", "")
            ages[queue] = max(ages.get(queue, 0.0), sample.value)
    return sorted(ages.items())


def _load(samples: list[Sample]) -> list[Figure]:
    """How much there is to do for each worker, for the scaling of their group; reports are another's."""
    workers = [s for s in samples if s.name == "aerie_workers" and s.labels.get("queue") != "reports"]
    waiting = _waiting(samples)
    count = sum(sample.value for sample in workers)
    if not workers or waiting is None:
        return []
    busy = sum(sample.value for sample in workers if sample.labels.get("state") == "busy")
    found = [Figure("QueueLengthPerWorker", waiting / max(1.0, count), "Count")]
    return found + ([Figure("WorkersBusyShare", 100 * busy / count, "Percent")] if count else [])


def _waiting(samples: list[Sample]) -> float | None:
    """Tasks that are due and jobs that wait, without counting one that is both twice."""
    queues: dict[str, float] = {}
    for sample in samples:
        if sample.name in ("aerie_queue_jobs", "aerie_tasks_due") and sample.labels.get("queue") != "reports":
            queue = sample.labels.get("queue", "")
            queues[queue] = max(queues.get(queue, 0.0), sample.value)
    return sum(queues.values()) if queues else None


def _values(samples: list[Sample], name: str, **labels: str) -> list[float]:
    wanted = labels.items()
    return [sample.value for sample in samples if sample.name == name and wanted <= sample.labels.items()]


def _one(
    name: str, values: list[float], of: Callable[[list[float]], float] = max, *, unit: str = "None"
) -> list[Figure]:
    return [Figure(name, of(values), unit)] if values else []
