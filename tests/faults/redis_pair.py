"""A Redis, its replica and the name that leads to the first of them: what ElastiCache is, in processes."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from tests.endpoint import Endpoint
from tests.servers import Redis


class Standby(Redis):
    name = "redis-standby"


class RedisPair:
    """Takes the place of ``Redis`` in a stack: it has a ``url``, and ``kill`` and ``start``."""

    def __init__(self, directory: Path) -> None:
        self.first, self.standby = Redis(directory), Standby(directory)
        self.endpoint = Endpoint(self.first.port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.endpoint.port}"

    @contextlib.contextmanager
    def running(self) -> Iterator["RedisPair"]:
        try:
            for server in (self.first, self.standby):
                server.start()
            _order(self.standby, self.first)
            with self.endpoint.running():
                yield self
        finally:
            self.kill()

    def kill(self) -> None:
        for server in (self.first, self.standby):
            server.kill()

    def wipe(self) -> None:
        with redis.Redis.from_url(self.first.url) as server:
            server.flushall()

    def fail_over(self, pause: float = 2.0) -> None:
        """The first turns read only and keeps its connections; so many seconds later the name has moved."""
        with redis.Redis.from_url(self.standby.url) as server:
            server.replicaof("no", "one")
        _order(self.first, self.standby)
        time.sleep(pause)
        self.endpoint.lead(self.standby.port)
        self.first, self.standby = self.standby, self.first


def _order(follower: Redis, leader: Redis) -> None:
    with redis.Redis.from_url(follower.url) as server:
        server.replicaof("127.0.0.1", str(leader.port))
