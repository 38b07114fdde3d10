"""What a worker does when it is told to end in the middle of a job: finish it, or hand it back.

A job has ``WORKER_GRACE_SECONDS`` to finish. Then ``HandBack`` is raised in it: the task's claim is let go of
with no attempt counted, the job goes back into its queue, and another worker has it within the second.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import ClassVar

import structlog
from django.db import connections

_INTERRUPT = signal.SIGUSR2
log = structlog.get_logger(__name__)


class HandBack(BaseException):
    """Raised in a job whose worker must end. No ``except Exception`` may swallow it: it is no failure."""


class Ending:
    """Of this process; one job at a time, in the main thread."""

    _interruptible: ClassVar[bool] = False
    _asked: ClassVar[bool] = False

    @classmethod
    def install(cls) -> None:
        """Take the signal that interrupts a job."""
        signal.signal(_INTERRUPT, cls._interrupt)

    @classmethod
    @contextmanager
    def interruptible(cls) -> Iterator[None]:
        """The work itself, not what is written about it before and after. Raises ``HandBack``."""
        with cls._set(True):
            try:
                if cls._asked:
                    raise HandBack
                yield
            except HandBack:
                _drop_connections()
                raise

    @classmethod
    def deferred(cls) -> AbstractContextManager[None]:
        """Bookkeeping inside of what is interruptible: interrupted there, it would be half done."""
        return cls._set(False)

    @classmethod
    @contextmanager
    def _set(cls, interruptible: bool) -> Iterator[None]:
        before, cls._interruptible = cls._interruptible, interruptible
        try:
            yield
        finally:
            cls._interruptible = before and not cls._asked

    @classmethod
    def interrupt_after(cls, seconds: float) -> None:
        """Unless the job is done by then. A timer of its own: SIGALRM is the job's time limit."""
        timer = threading.Timer(seconds, cls.interrupt)
        timer.daemon = True
        timer.start()

    @classmethod
    def interrupt(cls) -> None:
        """Now. A call into C that does not return delays it; the unit's TimeoutStopSec has the last word."""
        cls._asked = True
        signal.pthread_kill(threading.main_thread().ident or 0, _INTERRUPT)

    @classmethod
    def _interrupt(cls, number: int, frame: FrameType | None) -> None:
        if cls._interruptible:
            cls._interruptible = False
            raise HandBack


def _drop_connections() -> None:
    """Interrupted in the middle of an ``atomic`` they believe that it goes on, and refuse or never commit.

    MySQL rolls back what was under way; the next statement opens a connection that knows of nothing.
    """
    for one in connections.all(initialized_only=True):
        one.in_atomic_block = False
        one.close()
