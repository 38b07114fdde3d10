"""Plays an outpost on the real live store, so that what moves can be tested without sockets."""

import asyncio
import time
import zlib
from typing import Any

import msgspec
from django.conf import settings

from devices.live_store import live_store, seal
from outpost.store.contract import Connection, Fact, FactKind, fact_id
from outpost.store.redis import RedisOutpostStore
from tests.outpost.store.driving import Driven

FIRMWARE = "OpenWrt 25.12 / TIP-v4.2.0"
CAPABILITIES: dict[str, Any] = {
    "compatible": "edgecore_eap101",
    "model": "EdgeCore EAP101",
    "platform": "ap",
    "network": {"lan": ["eth1", "eth2"], "wan": ["eth0"]},
    "wifi": {
        "wifi:2G": {"band": ["2G"], "htmode": ["HT20", "HE20", "HE40"], "channels": [1, 6, 11]},
        "wifi:5G": {"band": ["5G"], "htmode": ["HT20", "HE40", "HE80"], "channels": [36, 40, 100]},
    },
    "compress_cmd": True,
}


class Door:
    """An outpost process named ``east``; every access point at it is an EAP101."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self.store = Driven(RedisOutpostStore.from_url(settings.LIVE_STORE_URL), self._runner)
        self.sessions: dict[str, int] = {}

    def close(self) -> None:
        self.store.aclose()
        self._runner.close()

    def connect(self, serial: str, uuid: int = 1, at: float | None = None, **capabilities: Any) -> int:
        """Register a connection; the outpost tells of it with ``connected``. Returns the session's number."""
        raw = msgspec.json.encode(CAPABILITIES | capabilities)
        compatible = CAPABILITIES["compatible"]
        said = Connection(
            serial, "east", uuid, FIRMWARE, compatible, True, "192.0.2.7", at or time.time(), raw
        )
        (self.sessions[serial],) = self.store.connected([said])
        return self.sessions[serial]

    def arrive(self, serial: str, uuid: int = 1, **capabilities: Any) -> Fact:
        """Connect, and tell of it as an outpost does with a claimed access point."""
        self.connect(serial, uuid, **capabilities)
        return self.tell("connected", serial, **arrival(uuid, **capabilities))

    def tell(self, kind: FactKind, serial: str, **data: Any) -> Fact:
        """Append a fact of the serial's present session."""
        fact = Fact(fact_id(), kind, serial, time.time(), self.sessions.get(serial, 0), data)
        self.store.append_facts([fact])
        return fact

    def document(self, serial: str) -> dict[str, Any]:
        """What the live store wants of it, opened."""
        (desired,) = self.store.desired([serial])
        return dict(msgspec.json.decode(zlib.decompress(seal().open(serial, desired.document))))

    def names(self, serial: str) -> list[str]:
        """The SSIDs of that document."""
        sections = self.document(serial)["interfaces"]
        return sorted({ssid["name"] for section in sections for ssid in section.get("ssids", [])})

    def uuid(self, serial: str) -> int | None:
        """The number the live store holds for it; None when it is unclaimed."""
        (version,) = live_store().desired_versions([serial])
        return version.uuid if version else None


def arrival(uuid: int = 1, **capabilities: Any) -> dict[str, Any]:
    """The data of a ``connected`` fact."""
    return {
        "uuid": uuid,
        "firmware": FIRMWARE,
        "compatible": CAPABILITIES["compatible"],
        "capabilities": CAPABILITIES | capabilities,
        "reason": "connect",
        "address": "192.0.2.7",
    }
