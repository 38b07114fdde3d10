"""A second set of a stack's processes, as on another machine or in another zone: the same data, own ports."""

from collections.abc import Iterator
from contextlib import contextmanager

from console.demo.processes import Process
from tests.servers import free_port
from tests.stack import Stack, answers, wait_for


class Machine:
    """Its consoles, workers and outpost; not started yet. ``variables`` go over those of the stack."""

    def __init__(self, stack: Stack, **variables: str) -> None:
        self.stack = stack
        self.console, self.outpost, self.admin = free_port(), free_port(), free_port()
        self._variables = variables | {
            "CONSOLE_LISTEN": f"127.0.0.1:{self.console}",
            "OUTPOST_LISTEN": f"127.0.0.1:{self.outpost}",
            "OUTPOST_ADMIN_LISTEN": f"127.0.0.1:{self.admin}",
        }
        self.processes = {name: self._process(one) for name, one in stack.processes.items()}

    @property
    def readiness(self) -> dict[str, str]:
        """Who answers where."""
        ports = {"console": self.console, "outpost": self.admin}
        return {name: f"http://127.0.0.1:{port}/readyz" for name, port in ports.items()}

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of it, ready."""
        try:
            for process in self.processes.values():
                process.start()
            self.wait_until_ready()
            yield
        finally:
            for process in self.processes.values():
                Stack._kill(process)

    def wait_until_ready(self, timeout: float = 120) -> None:
        everybody = self.readiness.values()
        wait_for(lambda: all(map(answers, everybody)), timeout, self.last_words)

    def last_words(self) -> str:
        return "\n".join(one.last_words() for one in self.processes.values())

    def log(self, name: str) -> str:
        return self.processes[name].log.read_text(errors="replace")

    def _process(self, usual: Process) -> Process:
        log = self.stack.directory / f"other-{usual.name}.log"
        return Process(f"other-{usual.name}", usual.command, usual.environment | self._variables, log)
