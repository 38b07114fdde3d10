"""A long-lived process's sign of life, watched by a thread of its own: who misses it is killed and reported.

Time limits of jobs are signals, which wait for a call into C to return. The thread does not. It also
tells systemd that all is well, so that a process which does not even run its threads is restarted too.
"""

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Final

import structlog

from outpost.notify import ALIVE, READY, STOPPING, Notifier, take_notifier

LOOK_SECONDS: Final = 5.0
log = structlog.get_logger(__name__)


def _place() -> str:
    """Where the main thread is, without what it holds."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    stack = traceback.extract_stack(frame)[-3:] if frame else []
    return " < ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in reversed(stack))


class Pulse:
    """``expect`` says when the next sign of life is due; ``watch`` starts the thread."""

    def __init__(self, notifier: Notifier | None = None) -> None:
        self._notifier = take_notifier() if notifier is None else notifier
        self._pause = min(LOOK_SECONDS, (self._notifier.watchdog or LOOK_SECONDS * 4) / 4)
        self._due = float("inf")
        self._ready = False
        self._resting = threading.Event()

    def watch(self) -> None:
        threading.Thread(target=self._watch, name="pulse", daemon=True).start()

    def expect(self, seconds: float) -> None:
        """It lives, and will say so again within these seconds."""
        self._due = time.monotonic() + seconds
        if not self._ready:
            self._ready = True
            self._notifier.tell(READY)

    def stopping(self) -> None:
        """It ends. systemd's own limit holds from now on."""
        self._notifier.tell(STOPPING)

    def rest(self) -> None:
        """Its work is over and nothing is expected any more: whoever goes on after it is not killed."""
        self._resting.set()

    def overdue(self, now: float) -> bool:
        """Whether the sign of life has been missed; ``now`` is of the monotonic clock."""
        return now > self._due

    def _watch(self) -> None:
        while not self.overdue(time.monotonic()):
            self._notifier.tell(ALIVE)
            if self._resting.wait(self._pause):
                return
        log.critical("process stuck and killed", at=_place(), pid=os.getpid())
        os.kill(os.getpid(), signal.SIGKILL)
