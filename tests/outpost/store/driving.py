"""Asynchronous stores driven from ordinary tests, and the values those tests are about."""

import asyncio
from typing import Any

from outpost.store.contract import Connection, Desired, Fact, OutpostStore, PendingCommand, Seen, fact_id

CAFE, ROOF, HALL = "903cb3aabb01", "903cb3aabb02", "903cb3aabb03"
NOON = 1_800_000_000.0  # Unix seconds; the tests count from it


class Driven:
    """Every method of an ``OutpostStore`` as an ordinary call, all on one event loop."""

    def __init__(self, store: OutpostStore, runner: asyncio.Runner) -> None:
        self.store = store
        self.runner = runner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        return lambda *arguments: self.runner.run(method(*arguments))


def connection(serial: str = CAFE, outpost: str = "east", at: float = NOON, uuid: int = 1) -> Connection:
    """An access point that just connected."""
    words = {"firmware": "OpenWrt 25.12 / TIP-v4.2.0", "compatible": "edgecore_eap101"}
    return Connection(
        serial, outpost, uuid, compress=True, address="192.0.2.7", at=at, capabilities=b'{"a":[1]}', **words
    )


def seen(session: int, after: float = 60.0, serial: str = CAFE, **told: Any) -> Seen:
    """A check-in so many seconds after noon."""
    return Seen(serial, session, NOON + after, **told)


def desired(serial: str = CAFE, uuid: int = 10, **changes: Any) -> Desired:
    """What an access point should run, with a document that is no text."""
    values = {"hash": "ab" * 32, "document": b"\x00\xff sealed\r\n", "network": "7"} | changes
    return Desired(serial, uuid, **values)


def command(number: int, serial: str = CAFE, expires_after: float = 600.0, **params: Any) -> PendingCommand:
    """A reboot that may be sent until so many seconds after noon."""
    return PendingCommand(serial, number, "reboot", params, NOON + expires_after, 120.0)


def fact(serial: str = CAFE, **data: Any) -> Fact:
    """A fact with an id of its own."""
    return Fact(fact_id(), "applied", serial, NOON, 5, data)
