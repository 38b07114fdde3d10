"""Access points on the air without a socket: the pretend device of the fleet, our own live store and ingest.

What an outpost would do with its frames is done here by hand: the console is told
exactly what it would be told, at the moment a test wants it to be.
"""

import asyncio
import json
import threading
import time
import zlib
from collections.abc import Coroutine
from itertools import count
from random import Random
from typing import Any

from django.conf import settings

from devices.ingest.recording import record
from devices.live_store import seal
from devices.models import AccessPoint, Command, Network
from devices.publishing import publish_network
from devices.simulation.air import on_air
from devices.simulation.device import Device, Habits
from devices.simulation.hardware import CATALOGUE, capabilities
from outpost.store.contract import Connection, Fact, FactKind, Seen
from outpost.store.redis_outpost import RedisOutpostStore

_numbers = count(1)


class OnAir:
    """One access point that is plugged in. ``clients``: how many people are usually around it."""

    def __init__(self, access_point: AccessPoint, clients: float = 6.0, model: int = 0) -> None:
        serial = access_point.serial
        self.access_point = access_point
        self.hardware = CATALOGUE[model % len(CATALOGUE)]
        self.device = Device(serial, self.hardware, habits=Habits(clients=clients), rng=Random(serial))
        self.device.boot(time.time() - 86_400)
        self.session = 0

    def check_in(self) -> "OnAir":
        """Its first frame, as the live store and MySQL hear of it."""
        now = time.time()
        told = capabilities(self.hardware, self.device.serial)
        connection = Connection(
            serial=self.device.serial,
            outpost="test",
            uuid=self.device.uuid,
            firmware=self.hardware.firmware,
            compatible=self.hardware.compatible,
            compress=True,
            address="203.0.113.7",
            at=now,
            capabilities=json.dumps(told).encode(),
        )
        (self.session,) = _on_the_store(lambda store: store.connected([connection]))
        self._fact(
            "connected",
            uuid=self.device.uuid,
            firmware=self.hardware.firmware,
            compatible=self.hardware.compatible,
            capabilities=told,
            address=connection.address,
        )
        return self

    def receive(self) -> int:
        """Its configuration is on its way. Returns its number."""
        list(publish_network(self.access_point.network_id))
        (desired,) = _on_the_store(lambda store: store.desired([self.device.serial]))
        assert desired is not None
        self.document = json.loads(zlib.decompress(seal().open(desired.serial, desired.document)))
        self._fact("pushed", uuid=desired.uuid)
        return int(desired.uuid)

    def apply(self, rejected: tuple[str, ...] = ()) -> None:
        """It applies what it is given, and people join."""
        uuid = self.receive()
        air = on_air(self.document, self.hardware, self.device.serial)
        self.device.adopt(uuid, self.document | {"uuid": uuid}, air)
        self._fact("applied", uuid=uuid, rejected=list(rejected))
        self.report()

    def refuse(self, *words: str) -> None:
        self._fact("refused", uuid=self.receive(), text="Failed to apply", rejected=list(words))

    def report(self) -> None:
        """Time passes, and it says what it sees."""
        now = time.time()
        self.device.crowd.moment = now - 600
        self.device.pass_time(now)
        state = json.dumps(self.device.state(now)["params"]["state"]).encode()
        seen = Seen(self.device.serial, self.session, now, self.device.uuid, state)
        _on_the_store(lambda store: store.seen([seen]))

    def leave(self) -> None:
        """Somebody pulls the plug; after a while it counts as offline."""
        _on_the_store(lambda store: store.disconnected([(self.device.serial, self.session, time.time())]))
        self._fact("disconnected", code="1006")
        AccessPoint.objects.filter(pk=self.access_point.pk).update(link="offline")

    def carry_out(self, command: Command) -> None:
        self._fact("command_done", command=command.pk, result={"error": 0, "text": "Success"})

    def happens(self, kind: str, **payload: Any) -> None:
        self._fact("event", type=kind, payload=payload, at=time.time())

    def _fact(self, kind: FactKind, **data: Any) -> None:
        name = f"test-{self.device.serial}-{next(_numbers)}"
        record([Fact(name, kind, self.device.serial, time.time(), self.session, data)])


def put_on_air(network: Network, clients: float = 6.0) -> list[OnAir]:
    """Every access point of the network plugged in, and running what is wanted."""
    found = [OnAir(one, clients, n) for n, one in enumerate(network.access_points.order_by("pk"))]
    for one in found:
        one.check_in().apply()
    return found


def _on_the_store(ask: Any) -> Any:
    """Run one call of an outpost's store. In a thread: the browser tests have a loop in this one."""
    answers: list[Any] = []

    async def run() -> None:
        store = RedisOutpostStore.from_url(settings.LIVE_STORE_URL)
        try:
            answers.append(await ask(store))
        finally:
            await store.aclose()

    thread = threading.Thread(target=_run, args=(run(),))
    thread.start()
    thread.join()
    (answer,) = answers
    return answer


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)
