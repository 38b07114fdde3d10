"""The worker process: one queue, jobs in the process itself.

It does not fork for every job. Ours are short, and each may run again: a fork would cost
each a new connection to MySQL and Redis, 15-30 ms of the second a save has, and a
killed parent would leave the child running beside its successor. Time limits still hold
(SIGALRM), and a job that takes the process with it is run again when its lease is over.
"""

import gc
import time
from contextlib import suppress
from types import FrameType
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import InvalidJobOperation
from rq.job import Job
from rq.queue import Queue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from structlog.contextvars import bound_contextvars

from devices import skew
from devices.replica import watching_writes
from jobs import performed
from jobs.ending import Ending
from jobs.pulse import Pulse
from jobs.schedule import PREFIX

WORKER_TTL = 45  # seconds without a sign of life; a job's own time limit on top while one is done
OVERDUE_SECONDS = 30  # beyond a job's time limit: then the limit's signal was never heeded
WAITING_SECONDS = WORKER_TTL + 60  # between two looks into the queue, a Redis that is away included
MAINTENANCE = 30  # seconds between looks for what killed workers left
log = structlog.get_logger(__name__)


class Worker(SimpleWorker):
    """Works on exactly one queue: a worker on several loses jobs when it is killed (BLPOP)."""

    max_connection_wait_time = 2.0  # seconds between looks for a Redis that is away

    def __init__(self, queues: Any, *args: Any, **kwargs: Any) -> None:
        kwargs["serializer"] = JSONSerializer
        # A killed one is gone from the list, and what it had of the timetable marked failed, so soon.
        kwargs |= {
            "worker_ttl": WORKER_TTL,
            "maintenance_interval": MAINTENANCE,
            "job_monitoring_interval": 5,
        }
        super().__init__(queues, *args, **kwargs)
        if len(self.queues) != 1:
            raise ImproperlyConfigured("A worker works on one queue; start another one for the next.")
        self.log_job_description = False
        self._pulse = Pulse()

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """What was imported stays for good: looking through it again took a quarter of publishing's CPU."""
        gc.collect()
        gc.freeze()
        Ending.install()
        self._pulse.watch()
        try:
            return bool(super().work(*args, **kwargs))
        finally:
            self._pulse.rest()

    def bootstrap(self, logging_level: Any = None, *args: Any, **kwargs: Any) -> None:
        """Jobs log what they did; rq's own lines for each would drown it."""
        super().bootstrap("WARNING", *args, **kwargs)

    def heartbeat(self, timeout: int | None = None, *args: Any, **kwargs: Any) -> None:
        """Said to Redis for whoever lists workers, and to the thread that kills one that hangs."""
        self._pulse.expect(timeout or WAITING_SECONDS)
        super().heartbeat(timeout, *args, **kwargs)

    def get_heartbeat_ttl(self, job: Job) -> int:
        """How long a job may be silent: in ours nobody speaks but the job."""
        return int(job.timeout or WORKER_TTL) + OVERDUE_SECONDS

    def handle_warm_shutdown_request(self) -> None:
        """SIGTERM: the job has its time to finish, then it is handed back."""
        self._pulse.stopping()
        Ending.interrupt_after(settings.WORKER_GRACE_SECONDS)

    def set_shutdown_requested_date(self) -> None:
        """Said by rq within the signal's handler: what is raised here is raised in the job that runs."""
        with suppress(RedisError):
            super().set_shutdown_requested_date()

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Told a second time: hand it back now."""
        Ending.interrupt()

    def dequeue_job_and_maintain_ttl(self, *args: Any, **kwargs: Any) -> tuple[Job, Queue] | None:
        """Takes nothing while the clock is wrong: it would take over leases that others hold."""
        while skew.SKEW.is_wrong():
            self.heartbeat()
            time.sleep(skew.RECHECK)
        return super().dequeue_job_and_maintain_ttl(*args, **kwargs)

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """A long-lived process must drop connections MySQL has closed, as a request does."""
        close_old_connections()
        with bound_contextvars(job=job.id, queue=queue.name), watching_writes():
            try:
                return self._perform(job, queue)
            finally:
                close_old_connections()

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """One line with its stack, as everywhere, where rq writes the stack into its words."""
        log.error("job failed", exc_info=exc_info[1])

    def handle_job_success(self, job: Job, queue: Queue, started_job_registry: StartedJobRegistry) -> None:
        """A task's job that was woken and dispatched at once is two workers' for a moment.

        One of them claims the task; whoever ends first removes the job, and the other has nothing to note.
        """
        try:
            super().handle_job_success(job, queue, started_job_registry)
        except InvalidJobOperation:
            with self.connection.pipeline() as pipeline:
                self.cleanup_execution(job, pipeline=pipeline)
                if not self.connection.hexists(job.key, "status"):
                    pipeline.delete(job.key)  # our sign of life made it anew, for ever
                pipeline.execute()

    def _perform(self, job: Job, queue: Queue) -> bool:
        """A task counts itself, by its outcome; here the timetable's jobs are counted."""
        if not job.id.startswith(PREFIX):
            return bool(super().perform_job(job, queue))
        with performed.counted(job.id.removeprefix(PREFIX)) as run:
            well = bool(super().perform_job(job, queue))
            run.outcome = "done" if well else "failed"
            return well
