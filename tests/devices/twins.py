"""A primary and its replica with this project's tables, for tests that stop, kill and revive the replica."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.core.management import call_command
from django.db import connections

from console.databases import MYSQL, REPLICA_OPTIONS
from devices import replica as reading
from devices import replica_health
from devices.models import AccessPoint
from devices.replica_health import Health, measure_lag
from tests.replication import Primary, Replica
from tests.servers import DATABASE, MariaDB
from tests.world import World, build

LIMIT = (
    60.0  # seconds a fit replica may be behind; ours are 5, which a busy machine needs to get through a test
)
SECONDS = {"connect_timeout": 30, "read_timeout": 30, "write_timeout": 30}


class Ticks:
    """A monotonic clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Twins:
    """``ticks`` is the clock by which the replica's health is asked again."""

    primary: Primary
    replica: Replica
    world: World
    ticks: Ticks

    def both(self) -> None:
        """Everything on both, a fresh heartbeat included, and the replica's health forgotten."""
        self.replica.sql("START SLAVE")
        reading.beat()
        self.replica.catch_up(self.primary)
        self.ask_again()

    def part(self) -> None:
        """From now on the replica stays as it is."""
        self.replica.sql("STOP SLAVE SQL_THREAD")

    def ask_again(self) -> None:
        reading.HEALTH = Health(measure_lag, LIMIT, self.ticks)

    def rename(self, name: str) -> None:
        AccessPoint.objects.filter(pk=self.world.counter.pk).update(name=name)

    def name(self) -> str:
        return str(AccessPoint.objects.values_list("name", flat=True).get(pk=self.world.counter.pk))


@contextmanager
def twins() -> Iterator[Twins]:
    patient = patch.object(replica_health, "_SHORT", SECONDS)
    with Primary.private() as primary, Replica.private() as replica, _connected(primary, replica), patient:
        replica.follow(primary)
        call_command("migrate", verbosity=0)
        call_command("createcachetable")
        yield Twins(primary, replica, build(), Ticks())


@contextmanager
def _connected(primary: MariaDB, replica: MariaDB) -> Iterator[None]:
    """In this thread and those it starts, Django's connections lead to these two."""
    usual, before = connections["default"], connections.databases["default"]
    try:
        connections.databases["default"] = _place(before, primary)
        connections.databases["replica"] = _place(before | {"ENGINE": MYSQL}, replica, REPLICA_OPTIONS)
        del connections["default"]
        yield
    finally:
        connections["default"].close()
        connections["replica"].close()
        del connections["replica"]
        del connections.databases["replica"]
        connections.databases["default"] = before
        connections["default"] = usual


def _place(usual: dict[str, Any], server: MariaDB, options: dict[str, Any] | None = None) -> dict[str, Any]:
    options = usual["OPTIONS"] | (options or {}) | {"connect_timeout": SECONDS["connect_timeout"]}
    return usual | {"PORT": server.port, "NAME": DATABASE, "OPTIONS": options}
