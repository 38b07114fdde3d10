"""Task rows, performed: woken at once after their commit, or found by the sweep."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from django.utils import timezone as clock
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from devices.models import Task
from devices.models.task import LeaseLost
from jobs import commands, housekeeping, publish, reports, rollouts
from jobs.queues import prompt_queue
from outpost.store.contract import StoreUnavailable

AWAY = timedelta(seconds=3)  # until the live store is tried again
SWEEP = 200
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Kind:
    """How a kind of task is done, and where; ``seconds`` is the longest run of one."""

    perform: Callable[[Task], None]
    queue: str
    seconds: int = 600


KINDS: Mapping[str, Kind] = {
    "publish": Kind(publish.publish, "critical"),
    "forget": Kind(publish.forget, "critical"),
    "rebuild": Kind(publish.rebuild, "default"),
    "command": Kind(commands.deliver, "critical"),
    "withdraw": Kind(commands.withdraw, "critical"),
    "remove_files": Kind(commands.remove_files, "default"),
    "rollout": Kind(rollouts.advance, "critical"),
    "upgrade": Kind(rollouts.deliver, "critical"),
    "report": Kind(reports.build, "reports", 3600),
    "reports": Kind(reports.ask_monthly, "reports"),
    "prune": Kind(housekeeping.prune_daily, "reports", 900),
}


def wake(task_id: int, kind: str) -> None:
    """Say that this task waits. A Redis that is away must not fail the request: the sweep finds the row."""
    try:
        _enqueue(task_id, KINDS[kind])
    except RedisError as error:
        log.warning("task not enqueued, the sweep will find it", task=task_id, error=type(error).__name__)


def sweep() -> int:
    """Enqueue what is due: lost words, dead workers, second attempts. Returns how many; periodic."""
    due = Task.due(clock.now(), SWEEP)
    if not due:
        return 0
    waiting = {job for queue in {KINDS[kind].queue for _, kind in due} for job in _waiting(queue)}
    lost = [(task_id, kind) for task_id, kind in due if _job_id(task_id) not in waiting]
    for task_id, kind in lost:
        _enqueue(task_id, KINDS[kind])
    return len(lost)


def perform(task_id: int) -> None:
    """Claim the task and do it, again while it is promised anew; nothing when it is in other hands."""
    while task := Task.claim(task_id, clock.now()):
        with bound_contextvars(task=task.key, **_context(task)):
            if _attempt(task) and task.done():
                return


def _attempt(task: Task) -> bool:
    """Whether it is done; if not, it was put off."""
    try:
        KINDS[task.kind].perform(task)
    except LeaseLost:
        log.warning("task taken over by another worker")
        return False
    except StoreUnavailable:
        task.postpone(clock.now() + AWAY, "The live store did not answer")
        return False
    except Exception as error:
        _fail(task, error)
        return False
    log.info("task done", kind=task.kind, attempts=task.attempts)
    return True


def _fail(task: Task, error: Exception) -> None:
    """Where and what kind, not its message: that may quote what was being published."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    words = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}"
    log.error("task failed", kind=task.kind, attempts=task.attempts, error=words)
    task.failed(words, clock.now())


def _context(task: Task) -> dict[str, object]:
    return {"network": task.payload["network"]} if "network" in task.payload else {}


def _waiting(queue: str) -> list[str]:
    return list(prompt_queue(queue).get_job_ids())


def _enqueue(task_id: int, kind: Kind) -> None:
    prompt_queue(kind.queue).enqueue(
        perform,
        task_id,
        job_id=_job_id(task_id),
        job_timeout=kind.seconds,
        result_ttl=0,
        failure_ttl=3600,
    )


def _job_id(task_id: int) -> str:
    """One id per task: enqueued twice it still waits in the queue once. rq allows [A-Za-z0-9_-]."""
    return f"task-{task_id}"
