"""Task rows, performed: woken at once after their commit, or found by ``dispatch``."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from django.db.utils import Error
from django.utils import timezone as clock
from redis.exceptions import RedisError
from rq import Queue
from structlog.contextvars import bound_contextvars

from devices import faults, storage_faults
from devices.models import Task
from devices.models.task import Hopeless, LeaseLost, NotNow
from devices.transactions import patiently
from jobs import backups, commands, firmware, housekeeping, performed, publish, reports, rollouts
from jobs.ending import Ending, HandBack
from jobs.mailing import alerts as alert_mails
from jobs.mailing import letters, operators, sending, weekly
from jobs.mailing import rollouts as rollout_mails
from jobs.queues import prompt_queue
from outpost.store.contract import StoreUnavailable

AWAY = timedelta(seconds=3)  # until the live store is tried again
STORAGE_AWAY = timedelta(seconds=60)  # until S3 is
# While two releases run, an older worker meets kinds only the newer knows: it lets go of them, for this long.
NEWER_CODE = timedelta(seconds=5)
# A release that was rolled back may come again; after that somebody should see what it left.
NEWER_CODE_AT_MOST = timedelta(days=7)
DONE = "done"
BATCH = 1000  # tasks put into a queue at once, beyond those that wait there already
FEW = 5  # ids that a log line may list
# Of what a task is about, as its payload calls it.
_IDS = {"network", "rollout", "report", "image", "command", "commands", "serials", "access_points", "alerts"}
log = structlog.get_logger(__name__)


class UnknownKind(Exception):
    """No release this worker knows of does such tasks; perhaps a newer one does."""


class TaskFailed(Exception):
    """What is told of a failure: where, and what kind."""


@dataclass(frozen=True)
class Kind:
    """How a kind of task is done, and where; ``seconds`` is the longest run of one."""

    perform: Callable[[Task], None]
    queue: str
    seconds: int = 600


KINDS: dict[str, Kind] = {
    "publish": Kind(publish.publish, "critical"),
    "forget": Kind(publish.forget, "critical"),
    "rebuild": Kind(publish.rebuild, "default"),
    "command": Kind(commands.deliver, "critical"),
    "withdraw": Kind(commands.withdraw, "critical"),
    "remove_files": Kind(commands.remove_files, "default"),
    "rollout": Kind(rollouts.advance, "critical"),
    "upgrade": Kind(rollouts.deliver, "critical"),
    "firmware": Kind(firmware.check, "default"),
    "clear_firmware": Kind(firmware.clear, "default"),
    "report": Kind(reports.build, "reports", 3600),
    "reports": Kind(reports.ask_monthly, "reports"),
    "backup": Kind(backups.create, "reports", 6 * 3600),
    "alert-mails": Kind(alert_mails.write_to_all, "default"),
    "rollout-summary": Kind(rollout_mails.write_to_all, "default"),
    "weekly-mails": Kind(weekly.ask_all, "reports"),
    "weekly-mail": Kind(weekly.write_to_all, "reports"),
    "operators-mail": Kind(operators.write_to_all, "default"),
    "mail": Kind(letters.send, "default", sending.SECONDS),
    "prune": Kind(housekeeping.prune_daily, "reports", 900),
}


def _refuse(task: Task) -> None:
    raise UnknownKind(task.kind)


_UNKNOWN = Kind(_refuse, "default")


def kind_of(name: str) -> Kind:
    """A kind this release does not know goes to ``default``, where it is put off until newer code has it."""
    return KINDS.get(name, _UNKNOWN)


def wake(task_id: int, kind: str) -> None:
    """Say that this task waits. A Redis that is away must not fail the request: dispatch finds the row."""
    try:
        _enqueue(kind_of(kind).queue, [(task_id, kind)])
    except RedisError as error:
        log.warning("task not enqueued, dispatch will find it", task=task_id, error=type(error).__name__)


def dispatch() -> int:
    """Enqueue what is due: lost words, dead workers, second attempts. Returns how many; periodic."""
    now = clock.now()
    Task.bury(now)
    kinds = Task.objects.filter(dead=False, run_after__lte=now).values_list("kind", flat=True).distinct()
    queues: dict[str, list[str]] = {}
    for kind in kinds:
        queues.setdefault(kind_of(kind).queue, []).append(kind)
    return sum(_dispatch(queue, names) for queue, names in queues.items())


def _dispatch(queue: str, kinds: list[str]) -> int:
    """What waits in the queue counts not, or a long queue would hide what was lost behind it."""
    waiting = set(prompt_queue(queue).get_job_ids())
    due = Task.due(clock.now(), len(waiting) + BATCH, kinds)
    lost = [(task_id, kind) for task_id, kind in due if _job_id(task_id) not in waiting][:BATCH]
    _enqueue(queue, lost)
    return len(lost)


def perform(task_id: int) -> None:
    """Claim the task and do it, again while it is promised anew; nothing when it is in other hands.

    While MySQL has no writer it waits for ``dispatch``: nobody claimed it, or its lease runs out.
    """
    try:
        with Ending.deferred():
            _perform(task_id)
    except Error as error:
        if not faults.is_lost(error):
            raise
        log.warning("task waits for the database", task_id=task_id, code=faults.code(error))


def _perform(task_id: int) -> None:
    while task := Task.claim(task_id, clock.now()):
        with bound_contextvars(task=task.key, **_context(task)), performed.counted(task.kind) as run:
            run.outcome = _attempt(task)
            if run.outcome == DONE and patiently(task.done):
                return


def _attempt(task: Task) -> str:
    """How it ended: done, or put off in one way or another. The words are those of ``aerie_jobs_total``.

    Raises ``HandBack`` after letting go of the claim, no attempt counted, when the worker must end.
    """
    try:
        with Ending.interruptible():
            kind_of(task.kind).perform(task)
        outcome = DONE
        log.info("task done", attempts=task.attempts)
    except LeaseLost:
        log.warning("task taken over by another worker")
        outcome = "lost"
    except UnknownKind:
        _leave_to_newer_code(task)
        outcome = "unknown"
    except StoreUnavailable:
        task.postpone(clock.now() + AWAY, "The live store did not answer")
        outcome = "postponed"
    except NotNow as away:
        task.postpone(away.until, str(away))
        outcome = "postponed"
    except HandBack:
        task.postpone(clock.now(), "Its worker was told to end; another one takes it")
        raise
    except Hopeless as error:
        log.error("task given up", kind=task.kind, error=str(error))
        task.give_up(str(error))
        outcome = "given_up"
    except Exception as error:
        outcome = _put_off(task, error)
    return outcome


def _leave_to_newer_code(task: Task) -> None:
    """No attempt is counted, so that it cannot die of old workers while a new release is rolled out."""
    words = f"UnknownKind: this release does not know {task.kind!r}; it waits for one that does"
    log.warning("task left to newer code", kind=task.kind)
    if clock.now() - task.created_at > NEWER_CODE_AT_MOST:
        task.give_up(words)
    else:
        task.postpone(clock.now() + NEWER_CODE, words)


def _put_off(task: Task, error: Exception) -> str:
    """A storage that is away is nobody's failure: no attempt is counted, however long that lasts."""
    if not storage_faults.is_away(error):
        _fail(task, error)
        return "failed"
    log.warning("the storage does not answer, task waits", kind=task.kind, error=type(error).__name__)
    patiently(partial(task.postpone, clock.now() + STORAGE_AWAY, "The storage did not answer"))
    return "postponed"


def _fail(task: Task, error: Exception) -> None:
    """Where and what kind, not its message: that may quote what was being published."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    words = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}"
    wordless = TaskFailed(words).with_traceback(error.__traceback__)
    log.error("task failed", kind=task.kind, attempts=task.attempts, error=words, exc_info=wordless)
    patiently(partial(task.failed, words, clock.now()))


def _context(task: Task) -> dict[str, object]:
    """Ids alone, and only a few: a payload may name sixty thousand access points."""
    about = {name: value for name, value in task.payload.items() if name in _IDS and _is_short(value)}
    return {"task_id": task.pk, "kind": task.kind, **about}


def _is_short(value: object) -> bool:
    return isinstance(value, int | str) or (isinstance(value, list) and len(value) <= FEW)


def _enqueue(queue: str, tasks: Iterable[tuple[int, str]]) -> None:
    """All in one transaction of Redis."""
    jobs = [
        Queue.prepare_data(
            perform,
            (task_id,),
            job_id=_job_id(task_id),
            timeout=kind_of(kind).seconds,
            result_ttl=0,
            failure_ttl=3600,
            description=kind,
        )
        for task_id, kind in tasks
    ]
    if jobs:
        prompt_queue(queue).enqueue_many(jobs)


def _job_id(task_id: int) -> str:
    """One id per task: enqueued twice it still waits in the queue once. rq allows [A-Za-z0-9_-]."""
    return f"task-{task_id}"
