"""The metronome: moves the timetable's jobs to their queues when they are due.

rq-scheduler's own loop loses a periodic job for ever when it is killed between moving it
and putting it back, piles up jobs while no worker runs, and ends when Redis is away.
Ours does the move in one transaction, leaves a job alone that still waits, puts back at
every tick what is missing, and outlives Redis.
"""

import signal
import threading
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import django_rq
import structlog
from redis.exceptions import RedisError
from rq.job import Job
from rq_scheduler import Scheduler as RqScheduler

from jobs.queues import JsonJob
from jobs.schedule import PREFIX, TIMETABLE, Entry

TICK = 1  # seconds
log = structlog.get_logger(__name__)


class Scheduler(RqScheduler):
    """One of any number; a lock lets one tick at a time. Times are Unix seconds."""

    job_class = JsonJob

    def __init__(self, connection: Any = None) -> None:
        connection = connection or django_rq.get_connection("default")
        super().__init__(connection=connection, interval=TICK, job_class=JsonJob)
        self._stopped = threading.Event()
        self._installed = False

    def run(self, burst: bool = False) -> None:
        """Tick until told to stop by SIGTERM or SIGINT; once with ``burst``."""
        self._install_signal_handlers()
        while not self._stopped.is_set():
            try:
                self.tick()
            except RedisError as error:
                self._installed = False  # whatever it held may be gone
                log.warning("Redis is away", error=type(error).__name__)
            if burst:
                break
            self._stopped.wait(TICK)

    def tick(self) -> None:
        """Under the lock: see that the timetable stands, and enqueue what is due."""
        if not self.acquire_lock():
            return
        try:
            self.install()
            self.enqueue_jobs()
        finally:
            self.remove_lock()

    def install(self) -> None:
        """Put the timetable into Redis: at the first tick all of it, afterwards what is missing."""
        for entry in TIMETABLE:
            if not self._installed or not self._stands(entry):
                self._put(entry)
        if not self._installed:
            self._retire()
            self._installed = True

    def enqueue_job(self, job: Job) -> None:
        """Move it and say when it is due next, both or neither; one that still waits in its queue is left."""
        queue, interval = self.get_queue_for_job(job), job.meta.get("interval")
        with self.connection.pipeline(transaction=True) as pipe:
            if self.connection.lpos(queue.key, job.id) is None:
                queue.enqueue_job(job, pipeline=pipe)
            if interval:
                pipe.zadd(self.scheduled_jobs_key, {job.id: _now() + interval})
            else:
                pipe.zrem(self.scheduled_jobs_key, job.id)
            pipe.execute()

    def _stands(self, entry: Entry) -> bool:
        return entry.id in self and bool(JsonJob.exists(entry.id, connection=self.connection))

    def _put(self, entry: Entry) -> None:
        self.schedule(
            datetime.now(UTC).replace(tzinfo=None),
            entry.job,
            interval=entry.every,
            id=entry.id,
            queue_name=entry.queue,
            timeout=entry.timeout,
            description=entry.name,
        )

    def _retire(self) -> None:
        """Entries of an older release."""
        known = {entry.id for entry in TIMETABLE}
        for raw in self.connection.zrange(self.scheduled_jobs_key, 0, -1):
            job_id = raw.decode()
            if job_id.startswith(PREFIX) and job_id not in known:
                self.cancel(job_id)

    def _install_signal_handlers(self) -> None:
        def stop(number: int, frame: FrameType | None) -> None:
            self._stopped.set()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
