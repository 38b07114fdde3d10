"""A second set of a stack's processes, on a machine whose clock can be put wrong while they run."""

import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.demo.processes import Process
from tests.servers import free_port
from tests.stack import Stack, answers, wait_for

SOURCE = Path(__file__).with_name("clock.c")


class OtherMachine:
    """``put`` sets by how many seconds its clock is ahead; its timers go on, as when a clock is stepped."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.console, self.outpost, self.admin = free_port(), free_port(), free_port()
        self._clock, self._library = stack.directory / "clock", stack.directory / "clock.so"
        self.put(0)
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", self._library, SOURCE, "-ldl"], check=True)
        self.processes = {name: self._process(one) for name, one in stack.processes.items()}

    @property
    def readiness(self) -> dict[str, str]:
        """Who answers where."""
        ports = {"console": self.console, "outpost": self.admin}
        return {name: f"http://127.0.0.1:{port}/readyz" for name, port in ports.items()}

    def put(self, seconds: int) -> None:
        """In place: the processes have the file mapped."""
        self._clock.touch()
        with self._clock.open("r+b") as file:
            file.write(struct.pack("=q", seconds))

    def wait_until_ready(self, ready: bool = True, timeout: float = 60) -> None:
        everybody = self.readiness.values()
        wait_for(lambda: all(answers(url) is ready for url in everybody), timeout, self.last_words)

    def last_words(self) -> str:
        return "\n".join(one.last_words() for one in self.processes.values())

    def log(self, name: str) -> str:
        return self.processes[name].log.read_text(errors="replace")

    def _process(self, usual: Process) -> Process:
        own = {
            "LD_PRELOAD": str(self._library),
            "WRONG_CLOCK": str(self._clock),
            "CONSOLE_LISTEN": f"127.0.0.1:{self.console}",
            "OUTPOST_LISTEN": f"127.0.0.1:{self.outpost}",
            "OUTPOST_ADMIN_LISTEN": f"127.0.0.1:{self.admin}",
        }
        log = self.stack.directory / f"other-{usual.name}.log"
        return Process(f"other-{usual.name}", usual.command, usual.environment | own, log)


@contextmanager
def other_machine(stack: Stack) -> Iterator[OtherMachine]:
    """All of it runs, ready, its clock right."""
    other = OtherMachine(stack)
    try:
        for process in other.processes.values():
            process.start()
        other.wait_until_ready()
        yield other
    finally:
        for process in other.processes.values():
            Stack._kill(process)
