"""The demo's processes: started together, started again when one dies, stopped together."""

import ctypes
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
STOP_WITHIN = 10.0  # seconds a process has to end after SIGTERM


@dataclass
class Process:
    """One child, its output in ``log``."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    popen: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(  # noqa: S603 - our own commands
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def last_words(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Processes:
    """Every process of the demo, in the order they start; they stop in the opposite order."""

    def __init__(self) -> None:
        self.all: list[Process] = []

    def start(self, process: Process) -> None:
        process.start()
        self.all.append(process)

    def revive(self) -> list[str]:
        """Start again what has died; the names of those."""
        died = [process for process in self.all if not process.running]
        for process in died:
            process.start()
        return [process.name for process in died]

    def stop(self) -> None:
        for process in reversed(self.all):
            if process.running and process.popen:
                process.popen.terminate()
        deadline = time.monotonic() + STOP_WITHIN
        for process in reversed(self.all):
            _wait_or_kill(process, deadline)


def _wait_or_kill(process: Process, deadline: float) -> None:
    if process.popen is None:
        return
    try:
        process.popen.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.popen.kill()
        process.popen.wait()


def _die_with_parent() -> None:
    """Linux: the kernel ends the child when the demo is killed, so nothing is left behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
