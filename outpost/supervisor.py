"""The parent process: starts the workers and the admin server, replaces what dies, ends them together.

It does nothing else, so that nothing an access point sends can reach it. Forked children share the
TLS context (an access point resumes its session whichever process it meets) and their memory.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Final, NoReturn

from outpost import metrics, worker
from outpost.admin import AdminServer, readiness
from outpost.server import DRAIN_SECONDS, FLUSH_SECONDS
from outpost.settings import Address, Settings
from outpost.store.opening import open_outpost_store

END_SECONDS: Final = DRAIN_SECONDS + FLUSH_SECONDS + 5.0  # then SIGKILL
RESTART_SECONDS: Final = 1.0  # a child that dies at once is started once a second
BIND_SECONDS: Final = 5.0  # to wait for a predecessor to let go of the port
_PR_SET_PDEATHSIG: Final = 1
_SIGNALS: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
log = logging.getLogger(__name__)


class Supervisor:
    """``run`` returns when everything has ended."""

    def __init__(self, settings: Settings) -> None:
        """Raises ``TlsFilesInvalid``."""
        self._settings = settings
        self._context = worker.make_context(settings)
        self._children: dict[int, Callable[[], None]] = {}
        self._started: dict[int, float] = {}
        self._admin = 0

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises ``OSError`` when a port is taken."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        wait_until_free(self._settings.admin_listen)
        with reserve(self._settings.listen) as reserved:
            port = reserved.getsockname()[1]
            self._admin = self._start(self._serve_admin)
            for _ in range(self._settings.workers):
                self._start(lambda: worker.run(self._settings, self._context, port))
            self._watch()
        self._end()

    def _start(self, serve: Callable[[], None]) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(serve, parent)
        self._children[pid], self._started[pid] = serve, time.monotonic()
        return pid

    def _watch(self) -> None:
        while True:
            number = signal.sigwait(_SIGNALS)
            if number in (signal.SIGTERM, signal.SIGINT):
                return
            if number == signal.SIGHUP:
                self._reload()
            for pid in self._reap():
                self._replace(pid)

    def _replace(self, pid: int) -> None:
        serve, age = self._children.pop(pid), time.monotonic() - self._started.pop(pid)
        log.error("a process ended and is started again", extra={"ended": pid, "age": round(age, 1)})
        time.sleep(max(0.0, RESTART_SECONDS - age))
        started = self._start(serve)
        if pid == self._admin:
            self._admin = started

    def _reload(self) -> None:
        worker.reload_context(self._settings, self._context)
        self._tell(signal.SIGHUP, [pid for pid in self._children if pid != self._admin])

    def _reap(self) -> list[int]:
        """Children that ended. One signal may stand for several."""
        ended = []
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                metrics.forget_process(pid)
                ended.append(pid)
        return [pid for pid in ended if pid in self._children]

    def _end(self) -> None:
        """Readiness turns red first; it stays so until the last worker is gone."""
        deadline = time.monotonic() + END_SECONDS
        self._tell(signal.SIGTERM, self._children)
        while set(self._children) - {self._admin} and time.monotonic() < deadline:
            signal.sigtimedwait(_SIGNALS, 0.2)
            for pid in self._reap():
                del self._children[pid]
        self._tell(signal.SIGKILL, self._children)
        for pid in self._children:
            os.waitpid(pid, 0)

    def _tell(self, number: signal.Signals, pids: "dict[int, Callable[[], None]] | list[int]") -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _serve_admin(self) -> None:
        asyncio.run(_serve_admin(self._settings))


async def _serve_admin(settings: Settings) -> None:
    """The first SIGTERM says draining; the parent ends it when the workers are gone."""
    draining = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, draining.set)
    admin = AdminServer(readiness(open_outpost_store(settings.store), draining.is_set))
    await admin.start(settings.admin_listen)
    await asyncio.Event().wait()


def reserve(listen: Address) -> socket.socket:
    """A socket that holds the port for our workers without taking connections.

    They bind it together (SO_REUSEPORT); that nobody else has it is tried first. Raises ``OSError``.
    """
    port = wait_until_free(listen)
    reserved = socket.socket(_family(listen))
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((listen.host, port))
    return reserved


def wait_until_free(listen: Address) -> int:
    """The port, once nobody listens there: a predecessor may need a moment to end. Raises ``OSError``."""
    deadline = time.monotonic() + BIND_SECONDS
    while True:
        try:
            with socket.socket(_family(listen)) as alone:
                alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                alone.bind((listen.host, listen.port))
                return int(alone.getsockname()[1])
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _family(listen: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in listen.host else socket.AF_INET


def _become(serve: Callable[[], None], parent: int) -> NoReturn:
    """The child's whole life. It dies with its parent, even if that is killed outright."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # killed before we could ask
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    try:
        serve()
    except BaseException:
        log.exception("process failed")
        os._exit(1)
    os._exit(0)
