"""A stand-in for systemd: the part of it that our units lean on, for one service, in a test's process.

It listens where the service says that it is ready and alive (NOTIFY_SOCKET), hands over a listening socket
(LISTEN_FDS), and kills and starts again a service that ended or has not said for ``watchdog`` seconds
that it lives. tests/ops runs the same under the real one.
"""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from tests.stack import ROOT, Stack, wait_for

LOOK = 0.1  # seconds between two looks at the service
STARTS_WITHIN = 60.0  # seconds until it is ready; the watchdog counts from then on
# What systemd does before exec: LISTEN_PID is the number of the process that takes the sockets.
_LAUNCH = 'export LISTEN_PID=$$; exec "$@"'


class Supervised:
    """One service. ``listener`` is handed to it as its only socket; ``starts`` counts its starts.

    ``clock`` are the seconds that its supervision has seen pass, ``started_at`` is the last start by it. It
    stands still while the machine does: that is not held against the service.
    """

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        directory: Path,
        watchdog: float = 60.0,
        listener: socket.socket | None = None,
    ) -> None:
        self._command, self._watchdog, self._listener = command, watchdog, listener
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(directory / "notify"))
        self._notify.settimeout(LOOK)
        self.log = directory / "service.log"
        given = {"NOTIFY_SOCKET": str(directory / "notify"), "WATCHDOG_USEC": str(int(watchdog * 1e6))}
        self._environment = environment | given | ({"LISTEN_FDS": "1"} if listener else {})
        self.said: list[str] = []
        self.starts = self.watchdog_kills = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.clock = self.started_at = self._deadline = 0.0
        self._ending = False
        self._thread = threading.Thread(target=self._supervise, daemon=True)

    def __enter__(self) -> Self:
        self._start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._thread.join()
        self._kill()
        self._notify.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def wait_until_ready(self, starts: int = 1, timeout: float = 120.0) -> None:
        """The start of this number has said that it is ready."""
        wait_for(lambda: self.said.count("READY=1") >= starts, timeout, self.log.read_text)

    def stop(self, timeout: float = 60.0) -> None:
        """systemctl stop, with KillMode=mixed: SIGTERM for the main process; waits for its end."""
        self._ending = True
        self._thread.join()
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout)

    def restart(self) -> None:
        """systemctl restart: SIGTERM, and started again once it has ended. The socket stays open."""
        assert self._process is not None
        self._process.terminate()

    def children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", _LAUNCH, "service", *self._command],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                close_fds=False,  # it would close the socket; what Python opens is not inherited anyway
                preexec_fn=self._hand_over,
                start_new_session=True,
            )
        self.starts += 1
        self.started_at, self._deadline = self.clock, self.clock + STARTS_WITHIN

    def _hand_over(self) -> None:
        """In the child: our socket becomes its descriptor 3."""
        if self._listener is not None:
            os.dup2(self._listener.fileno(), 3)

    def _supervise(self) -> None:
        while not self._ending:
            self._listen()
            if self._process is not None and self._process.poll() is not None:
                self._kill()
                self._start()
            elif self.clock > self._deadline:
                self.watchdog_kills += 1
                self._kill()
                self._start()

    def _listen(self) -> None:
        began = time.monotonic()
        with suppress(TimeoutError):
            words = self._notify.recv(4096).decode().splitlines()
            self.said += words
            if "WATCHDOG=1" in words:
                self._deadline = self.clock + self._watchdog
        self.clock += min(time.monotonic() - began, 2 * LOOK)

    def _kill(self) -> None:
        """What is left of its control group."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def supervised(stack: Stack) -> Iterator[dict[str, Supervised]]:
    """All of a prepared stack's processes as services that are started again; ready when this begins."""
    with ExitStack() as running:
        services = {}
        for name, process in stack.processes.items():
            directory = stack.directory / f"unit-{name}"
            directory.mkdir()
            service = Supervised(process.command, process.environment, directory)
            services[name] = running.enter_context(service)
        stack.wait_until_ready()
        yield services
