"""Whether the console still answers: a thread beside gunicorn's arbiter asks, each worker looks at itself.

gunicorn notices a worker whose main loop stands still, not one whose threads are all stuck: that one
goes on accepting visitors and answers none. Such a worker says where it is stuck and ends itself.
A thread that waits for a slow visitor is not stuck, and a console full of those is busy, not hung.
"""

import os
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from console.visitors import VisitorSocket
from outpost.beats import Beats
from outpost.notify import ALIVE, READY, Notifier

ASK_EVERY = 5.0  # seconds between questions, and how long an answer may take; less with a short watchdog
UNTIL_READY = 0.2  # seconds between questions while the application loads
_QUESTION = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nUser-Agent: watchdog\r\nConnection: close\r\n\r\n"
_BEATS = Beats(1)  # made before any worker is forked
_MOVED = 1  # its only place, of all workers together: a visitor sent or fetched more of a request
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound


class Watchdog(threading.Thread):
    """Asks /livez through the listening socket; tells systemd it is ready, and then alive, once answered.

    While every thread has a slow visitor nobody answers; then it is alive for what these send and fetch.
    """

    def __init__(self, arbiter: Any, notifier: Notifier) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._arbiter, self._notifier = arbiter, notifier
        self._pause = min(ASK_EVERY, (notifier.watchdog or ASK_EVERY * 4) / 4)

    def run(self) -> None:
        """Until the arbiter lets go of its sockets, which is the first thing it does when it ends."""
        words: tuple[str, ...] = (READY, "STATUS=Answering")
        pause = UNTIL_READY
        while listeners := self._arbiter.LISTENERS:
            if answers(listeners[0].sock, self._pause):
                self._notifier.tell(ALIVE, *words)
                words, pause = (), self._pause
            elif not words and time.monotonic() - _BEATS.last(_MOVED) < 2 * self._pause:
                self._notifier.tell(ALIVE)
            time.sleep(pause)


def answers(listener: socket.socket, timeout: float) -> bool:
    """Whether somebody behind this listening socket answers /livez within these seconds."""
    try:
        with socket.socket(listener.family, socket.SOCK_STREAM) as asking:
            asking.settimeout(timeout)
            asking.connect(_address(listener.getsockname()))
            asking.sendall(_QUESTION)
            return asking.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def _address(name: Any) -> Any:
    """Where a socket that is bound to every address is found."""
    if isinstance(name, tuple):
        return (_LOOPBACK.get(name[0], name[0]), *name[1:])
    return name


class Worker(ThreadWorker):
    """gunicorn's worker of threads, which ends when all of them are stuck and asks clients to leave a drain.

    ``stuck_seconds`` all threads may be busy with the same requests without a byte more from or to their
    visitors; ``drain_file`` says that we drain.
    """

    stuck_seconds = 45.0
    drain_file: Path | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # By thread, of the request it is at, or of its visitor's last byte.
        self._began: dict[int, float] = {}
        self._draining = False

    def notify(self) -> None:
        """The main loop comes by every second at least."""
        self._draining = self.drain_file is not None and self.drain_file.exists()
        stuck = self._stuck(time.monotonic())
        if stuck:
            self.log.critical("a console worker is stuck and ends itself (pid:%s): %s", self.pid, stuck)
            os._exit(1)
        super().notify()

    def handle(self, conn: Any) -> Any:
        """In a thread of the pool."""
        if not isinstance(conn.sock, VisitorSocket):
            conn.sock = VisitorSocket(conn.sock, self._waits)
        conn.sock.begin_request()
        self._began[threading.get_ident()] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._began.pop(threading.get_ident(), None)

    def _waits(self, begins: bool) -> None:
        """This thread waits for its visitor, or goes on with what he sent."""
        if begins:
            self._began.pop(threading.get_ident(), None)
        else:
            self._began[threading.get_ident()] = time.monotonic()
            _BEATS.beat(_MOVED)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """While draining, who keeps a connection is told to come back on another, at another instance."""
        if self._draining:
            req.force_close()
        conn.sock.in_body = True
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock.in_body = False

    def _stuck(self, now: float) -> str:
        """Where every thread has been for too long; nothing while one of them moves."""
        began = dict(self._began)
        if len(began) < self.cfg.threads or now - max(began.values()) < self.stuck_seconds:
            return ""
        return "; ".join(sorted({_place(thread) for thread in began}))


def _place(thread: int) -> str:
    frame = sys._current_frames().get(thread)
    stack = traceback.extract_stack(frame) if frame else []
    ours = [one for one in stack if "site-packages" not in one.filename] or stack
    return " < ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in reversed(ours[-3:]))
