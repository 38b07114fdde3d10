"""The metronome: moves the timetable's jobs to their queues when they are due.

rq-scheduler's own loop loses a periodic job for ever when it is killed between moving it
and putting it back, piles up jobs while no worker runs, and ends when Redis is away. Its
lock belongs to nobody: one that was paused deletes another's. Ours owns a lock that it
renews, moves in one transaction that Redis refuses once the lock is lost, leaves a job
alone that still waits, puts back at every tick what is missing, and outlives Redis.
"""

import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import django_rq
import structlog
from redis.client import Pipeline
from redis.exceptions import RedisError, WatchError
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq_scheduler import Scheduler as RqScheduler

from devices.skew import MOST, is_wrong
from jobs.queues import JsonJob
from jobs.schedule import PREFIX, TIMETABLE, Entry

TICK = 1  # seconds
LOCK_SECONDS = 5  # a killed holder's; with a tick, how long it takes until another goes on
LAST_TICK_KEY = "rq:scheduler_last_tick"  # Unix seconds
# Take it, or keep it when it is ours: in one step, so that it cannot end in between.
_HOLD = """
if redis.call("set", KEYS[1], ARGV[1], "NX", "EX", ARGV[2]) then return 1 end
if redis.call("get", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("expire", KEYS[1], ARGV[2])
"""
_RELEASE = """
if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end
return 0
"""
log = structlog.get_logger(__name__)


class LockLost(Exception):
    """Another scheduler holds the lock now, or may at any moment; this one must not act."""


class Scheduler(RqScheduler):
    """One of any number; the holder of the lock ticks. Times are Unix seconds."""

    job_class = JsonJob

    def __init__(self, connection: Any = None, alive: Callable[[], None] = lambda: None) -> None:
        """``alive`` is called before each tick."""
        connection = connection or django_rq.get_connection("default")
        super().__init__(connection=connection, interval=TICK, job_class=JsonJob)
        # Says to people whose it is, and is nobody else's: not even that of a former process of this number.
        self._token = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}".encode()
        self._stopped = threading.Event()
        self._alive = alive
        self._complain_at = 0.0
        self._hold = connection.register_script(_HOLD)
        self._release = connection.register_script(_RELEASE)

    def run(self, burst: bool = False) -> None:
        """Tick until told to stop by SIGTERM or SIGINT; once with ``burst``."""
        self._install_signal_handlers()
        while not self._stopped.is_set():
            self._alive()
            try:
                self.tick()
            except RedisError as error:
                log.warning("Redis is away", error=type(error).__name__)
            if burst:
                break
            self._stopped.wait(TICK)
        self._let_go()

    def tick(self) -> None:
        """As holder of the lock: see that the timetable stands, and enqueue what is due.

        One whose clock is wrong leaves that to another: what it calls due, others would not.
        """
        if self._clock_is_wrong():
            self.remove_lock()
            return
        if not self.acquire_lock():
            return
        try:
            self.install()
            self.enqueue_jobs()
            self.connection.set(LAST_TICK_KEY, f"{time.time():.3f}")
        except (LockLost, WatchError):
            log.warning("lost the lock in the middle of a tick")

    def _clock_is_wrong(self) -> bool:
        """By Redis, which a scheduler needs anyway. Logged once a minute."""
        seconds, microseconds = self.connection.time()
        ahead = time.time() - seconds - microseconds / 1e6
        wrong = is_wrong(ahead)
        if wrong and time.monotonic() >= self._complain_at:
            self._complain_at = time.monotonic() + 60.0
            log.error("the clock of this machine is wrong", ahead_seconds=round(ahead, 1))
        return wrong

    def acquire_lock(self) -> bool:
        """Take the lock, or hold it for another ``LOCK_SECONDS``; whether it is ours."""
        return bool(self._hold(keys=[self.scheduler_lock_key], args=[self._token, LOCK_SECONDS]))

    def remove_lock(self) -> None:
        """Let another one go on at once. Never takes away what is not ours."""
        self._release(keys=[self.scheduler_lock_key], args=[self._token])

    def install(self) -> None:
        """Put what is missing or has changed of the timetable into Redis, and take out what is retired."""
        for entry in TIMETABLE:
            if not self._stands(entry):
                self._put(entry)
        self._retire()

    def enqueue_job(self, job: Job) -> None:
        """Move it and say when it is due next, both or neither, and only while the lock is ours.

        One that still waits in its queue is left there. Raises ``LockLost`` or ``WatchError``.
        """
        queue, interval = self.get_queue_for_job(job), job.meta.get("interval")
        with self.connection.pipeline(transaction=True) as pipe:
            self._watch_lock(pipe)
            waits = pipe.lpos(queue.key, job.id) is not None
            pipe.multi()
            if not waits:
                queue.enqueue_job(job, pipeline=pipe)
            if interval:
                pipe.zadd(self.scheduled_jobs_key, {job.id: _now() + interval})
            else:
                pipe.zrem(self.scheduled_jobs_key, job.id)
            pipe.execute()

    def _watch_lock(self, pipe: "Pipeline") -> None:
        """From here until EXEC: whoever takes the lock, or its expiry, makes Redis refuse the transaction."""
        pipe.watch(self.scheduler_lock_key)
        if pipe.get(self.scheduler_lock_key) != self._token:
            raise LockLost

    def _stands(self, entry: Entry) -> bool:
        """Whether it is in Redis as this release wants it, and due within its interval.

        Later than that is the work of a scheduler whose clock was ahead: it would not run for as long.
        """
        due = self.connection.zscore(self.scheduled_jobs_key, entry.id)
        if due is None or due > _now() + entry.every + MOST:
            return False
        try:
            job = JsonJob.fetch(entry.id, connection=self.connection)
        except NoSuchJobError:
            return False
        found = (job.func_name, job.origin, job.timeout, job.meta.get("interval"))
        return found == (_dotted(entry), entry.queue, entry.timeout, entry.every)

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

    def _let_go(self) -> None:
        try:
            self.remove_lock()
        except RedisError as error:
            log.warning("lock left to expire", error=type(error).__name__)

    def _install_signal_handlers(self) -> None:
        def stop(number: int, frame: FrameType | None) -> None:
            self._stopped.set()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)


def _dotted(entry: Entry) -> str:
    return f"{entry.job.__module__}.{entry.job.__qualname__}"


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
