"""The product as it runs on several instances: two of everything that a kill may take away."""

import os
from pathlib import Path

from tests.servers import MariaDB, Redis, free_port
from tests.stack import Stack

OUTPOSTS = ("outpost", "outpost-2")


class NightStack(Stack):
    """As ``Stack``, with a second critical worker, scheduler and outpost; that one has its own ports."""

    def __init__(self, directory: Path, database: MariaDB, redis: Redis, **variables: str) -> None:
        self.second_port, self.second_admin_port = free_port(), free_port()
        super().__init__(directory, database, redis, **variables)
        self.processes["outpost-2"].environment = self.environment | {
            "OUTPOST_LISTEN": f"127.0.0.1:{self.second_port}",
            "OUTPOST_ADMIN_LISTEN": f"127.0.0.1:{self.second_admin_port}",
        }

    @property
    def outpost_urls(self) -> list[str]:
        return [f"ws://127.0.0.1:{port}/" for port in (self.outpost_port, self.second_port)]

    def scheduler_pids(self) -> dict[int, str]:
        names = ("scheduler", "scheduler-2")
        return {p.popen.pid: name for name in names if (p := self.processes[name]).popen}

    def _commands(self) -> dict[str, list[str]]:
        one_of_each = super()._commands()
        doubled = {f"{name}-2": one_of_each[name] for name in ("critical", "scheduler", "outpost")}
        return one_of_each | doubled


def surroundings(clock: Path) -> dict[str, str]:
    """Variables of a night: the compressed clock, and quiet logs."""
    return {"REHEARSAL_CLOCK": str(clock), "LOG_LEVEL": "WARNING", "PYTHONPATH": os.getcwd()}
