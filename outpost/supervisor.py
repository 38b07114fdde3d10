"""The parent process: starts the workers and the admin server, replaces what dies or hangs, ends them.

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
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NoReturn

from outpost import metrics, worker
from outpost.admin import AdminServer, readiness
from outpost.beats import ADMIN, Beats
from outpost.notify import ALIVE, READY, STOPPING, Notifier
from outpost.server import FLUSH_SECONDS
from outpost.settings import Address, Settings
from outpost.store.opening import open_outpost_store
from outpost.tls import not_after

END_SECONDS: Final = FLUSH_SECONDS + 5.0  # beyond the drain; then SIGKILL
RESTART_SECONDS: Final = 1.0  # a child that dies at once is started once a second
BIND_SECONDS: Final = 5.0  # to wait for a predecessor to let go of the port
LOOK_SECONDS: Final = 1.0  # between looks at who lives
PAUSED_SECONDS: Final = 5.0  # we ourselves stood still for so long: nobody is to blame for silence
_PR_SET_PDEATHSIG: Final = 1
_SIGNALS: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
log = logging.getLogger(__name__)


@dataclass
class Child:
    """A process of ours. ``place`` is where it gives its signs of life."""

    place: int
    serve: Callable[[], None]
    started: float = field(default_factory=time.monotonic)
    killed: bool = False


class Supervisor:
    """``run`` returns when everything has ended."""

    def __init__(self, settings: Settings, notifier: Notifier | None = None) -> None:
        """Raises ``TlsFilesInvalid``."""
        self._settings = settings
        self._notifier = notifier or Notifier()
        self._context = worker.make_context(settings)
        self._children: dict[int, Child] = {}
        self._unstarted: list[tuple[int, Callable[[], None]]] = []  # tried again at each look
        self._beats = Beats(settings.workers)
        self._looked = self._forgiven = time.monotonic()
        self._ready = False

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises ``OSError`` when a port is taken."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        wait_until_free(self._settings.admin_listen)
        with reserve(self._settings.listen) as reserved:
            port = reserved.getsockname()[1]
            self._start(ADMIN, self._serve_admin)
            for place in self._beats.workers:
                self._start(place, self._serving(place, port))
            self._watch()
            self._notifier.tell(STOPPING)
            self._end()

    def _serving(self, place: int, port: int) -> Callable[[], None]:
        return lambda: worker.run(self._settings, self._context, port, self._beats.beating(place))

    def _start(self, place: int, serve: Callable[[], None]) -> None:
        self._beats.clear(place)
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:  # no memory, or too many processes: no reason to end those that serve
            log.exception("a process cannot be started", extra={"place": place})
            self._unstarted.append((place, serve))
            return
        if pid == 0:
            _become(serve, parent)
        self._children[pid] = Child(place, serve)

    def _watch(self) -> None:
        """Until told to end."""
        while True:
            told = signal.sigtimedwait(_SIGNALS, LOOK_SECONDS)
            number = told.si_signo if told else 0
            if number in (signal.SIGTERM, signal.SIGINT):
                return
            if number == signal.SIGHUP:
                self._reload()
            self._start_unstarted()
            for pid in self._reap():
                self._replace(pid)
            self._look(time.monotonic())

    def _look(self, now: float) -> None:
        """Kill who gives no sign of life, and tell systemd whether anybody serves."""
        if now - self._looked > PAUSED_SECONDS:
            self._forgiven = now
        self._looked = now
        for pid, child in self._children.items():
            silence = now - max(self._beats.last(child.place), child.started, self._forgiven)
            if silence > self._settings.stuck_seconds and not child.killed:
                self._kill_stuck(pid, child, silence)
        self._report(now)

    def _kill_stuck(self, pid: int, child: Child, silence: float) -> None:
        """Its sockets still take connections nobody will answer. The rest is as with any that died."""
        log.error(
            "a process gives no sign of life and is replaced",
            extra={"stuck": pid, "place": child.place, "silent_seconds": round(silence, 1)},
        )
        metrics.REPLACED.labels("stuck").inc()
        child.killed = True
        self._tell(signal.SIGKILL, [pid])

    def _report(self, now: float) -> None:
        """Alive while one worker is; ready once all have been."""
        silent = self._beats.silent(now, self._settings.stuck_seconds)
        if not self._ready and silent == 0 and self._beats.last(ADMIN):
            self._ready = True
            self._notifier.tell(READY)
        if silent < self._settings.workers:
            self._notifier.tell(ALIVE)

    def _replace(self, pid: int) -> None:
        child = self._children.pop(pid)
        age = time.monotonic() - child.started
        log.error("a process ended and is started again", extra={"ended": pid, "age": round(age, 1)})
        if not child.killed:
            metrics.REPLACED.labels("ended").inc()
        time.sleep(max(0.0, RESTART_SECONDS - age))
        self._start(child.place, child.serve)

    def _start_unstarted(self) -> None:
        unstarted, self._unstarted = self._unstarted, []
        for place, serve in unstarted:
            self._start(place, serve)

    def _reload(self) -> None:
        self._notifier.reloading()
        worker.reload_context(self._settings, self._context)
        self._tell(signal.SIGHUP, self._children)
        self._notifier.tell(READY)

    def _workers(self) -> list[int]:
        return [pid for pid, child in self._children.items() if child.place != ADMIN]

    def _reap(self) -> list[int]:
        """Children that ended. One signal may stand for several."""
        ended = []
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                metrics.forget_process(pid)
                ended.append(pid)
        return [pid for pid in ended if pid in self._children]

    def _end(self) -> None:
        """Readiness turns red first, then connections are closed; it stays red until the last is gone."""
        self._tell(signal.SIGTERM, set(self._children) - set(self._workers()))
        self._wait_for_the_balancer()
        self._tell(signal.SIGTERM, self._workers())
        self._wait(self._settings.drain_seconds + END_SECONDS)
        self._tell(signal.SIGKILL, self._children)
        for pid in self._children:
            os.waitpid(pid, 0)

    def _wait_for_the_balancer(self) -> None:
        """It needs some seconds to see that we are not ready; connections are welcome until then."""
        drain_file = self._settings.drain_file
        if drain_file is None or not drain_file.exists():  # or it has seen that for a while
            self._wait(self._settings.drain_grace_seconds)

    def _wait(self, seconds: float) -> None:
        """So long, or until the last worker is gone."""
        deadline = time.monotonic() + seconds
        while self._workers() and time.monotonic() < deadline:
            signal.sigtimedwait(_SIGNALS, 0.2)
            for pid in self._reap():
                del self._children[pid]

    def _tell(self, number: signal.Signals, pids: Iterable[int]) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _serve_admin(self) -> None:
        asyncio.run(_serve_admin(self._settings, self._beats, Certificate(self._settings, self._context)))


class Certificate:
    """Ours, as the admin server sees it: the one the workers use, for it reads it when they do."""

    def __init__(self, settings: Settings, context: ssl.SSLContext | None) -> None:
        self._settings, self._context = settings, context
        cert = settings.tls_cert if context is not None else None
        self._ends = float("inf") if cert is None else not_after(cert)

    def reload(self) -> None:
        self._ends = worker.reload_context(self._settings, self._context) or self._ends

    def expired(self) -> bool:
        return time.time() >= self._ends


async def _serve_admin(settings: Settings, beats: Beats, certificate: Certificate) -> None:
    """The first SIGTERM says draining; the parent ends it when the workers are gone."""
    draining = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, draining.set)
    loop.add_signal_handler(signal.SIGHUP, certificate.reload)

    def drains() -> bool:
        return draining.is_set() or (settings.drain_file is not None and settings.drain_file.exists())

    def silent() -> int:
        return beats.silent(time.monotonic(), settings.stuck_seconds / 2)

    problems = readiness(open_outpost_store(settings.store), drains, silent, certificate.expired)
    admin = AdminServer(problems, lambda: silent() < settings.workers)
    await admin.start(settings.admin_listen)
    while True:
        beats.beat(ADMIN)
        await asyncio.sleep(LOOK_SECONDS)


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
