"""kill -9, at random but from a seed: workers, the holder of the schedulers' lock, outposts, Redis."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Self

import redis

from tests.night.stack import OUTPOSTS, NightStack

#: How often each is chosen, relative to the others.
WEIGHTS = {
    "critical": 4,
    "critical-2": 4,
    "default": 2,
    "facts": 3,
    "holder": 3,
    "an outpost": 2,
    "redis": 1,
}


class Chaos:
    """A thread that kills and starts again; seconds are real ones. At most ``most_redis`` times Redis."""

    def __init__(
        self,
        stack: NightStack,
        seed: int,
        between: tuple[float, float] = (3.0, 8.0),
        away: tuple[float, float] = (0.5, 3.0),
        most_redis: int = 2,
    ) -> None:
        self.stack, self.random = stack, Random(seed)
        self.between, self.away, self.most_redis = between, away, most_redis
        self.kills: Counter[str] = Counter()
        self.redis_killed: list[float] = []  # Unix seconds
        self.error: Exception | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chaos")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.wait(self.random.uniform(*self.between)):
                self._strike()
        except Exception as error:
            self.error = error

    def _strike(self) -> None:
        name = self._choose()
        self.kills[name] += 1
        process = self._process(name)
        self.stack.kill(process)
        if name == "redis":
            self.redis_killed.append(time.time())
        time.sleep(self.random.uniform(*self.away))
        self.stack.restart(process)
        self._revive()

    def _revive(self) -> None:
        """As systemd does: a worker ends by itself, too, when Redis is away for long."""
        for name, process in self.stack.processes.items():
            if not process.running:
                self.kills[f"({name} ended by itself)"] += 1
                self.stack.restart(name)

    def _choose(self) -> str:
        weights = dict(WEIGHTS)
        if self.kills["redis"] >= self.most_redis:
            del weights["redis"]
        return self.random.choices([*weights], [*weights.values()])[0]

    def _process(self, name: str) -> str:
        if name == "holder":
            return self._holder()
        return self.random.choice(OUTPOSTS) if name == "an outpost" else name

    def _holder(self) -> str:
        """The scheduler that ticks: the other one's last command was to ask for the lock."""
        with (
            contextlib.suppress(redis.RedisError, OSError),  # away, or ended meanwhile
            redis.Redis.from_url(f"{self.stack.redis.url}/0") as server,
        ):
            ticking = {
                int(one["addr"].rpartition(":")[2]) for one in server.client_list() if one["cmd"] == "set"
            }
            for pid, name in self.stack.scheduler_pids().items():
                if ticking & set(local_ports(pid)):
                    return name
        return self.random.choice(("scheduler", "scheduler-2"))


def local_ports(pid: int) -> Iterator[int]:
    """The local ports of a process's TCP sockets."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(descriptor.readlink().name)
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, local, *_, inode = line.split()[:10]
        if f"socket:[{inode}]" in sockets:
            yield int(local.rpartition(":")[2], 16)
