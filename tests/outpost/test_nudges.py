"""Trouble with one access point, or with one nudge, never ends the work a whole process depends on."""

import asyncio
from collections.abc import AsyncIterator

from outpost import server
from outpost.batches import Batches
from outpost.connection import AccessPointConnection
from outpost.deliveries import Deliveries
from outpost.nudges import Nudges
from outpost.store.contract import Seen, SeenOutcome
from outpost.store.sealing import Seal
from tests.outpost.protocol.told import live

CAFE, ROOF = "903cb3aabb01", "903cb3aabb02"


class Lost:
    """A store that came back empty; its first ``trouble`` answers are of a kind nobody foresaw."""

    def __init__(self, trouble: int = 0) -> None:
        self.trouble = trouble

    async def nudges(self, outpost: str) -> AsyncIterator[list[str]]:
        yield []
        await asyncio.Event().wait()

    async def seen(self, batch: list[Seen]) -> SeenOutcome:
        self.trouble -= 1
        if self.trouble >= 0:
            raise RuntimeError("nobody foresaw it")
        return SeenOutcome(unknown=[one.serial for one in batch])


class Outpost:
    """As much of the service as a connection needs to register again."""

    def __init__(self, store: Lost) -> None:
        self.held: dict[str, AccessPointConnection] = {}
        self.batches = Batches(store, self.held.get)
        self.deliveries = Deliveries(store, Seal([bytes(32)]))
        self.nudges = Nudges(store, "o1", self.held, self.batches, self.deliveries)

    def take_over(self, connection: AccessPointConnection) -> None:
        self.held[connection.session.serial] = connection

    def connect(self, serial: str) -> AccessPointConnection:
        connection = AccessPointConnection(self, None)
        connection.session = live()
        connection.session.serial = serial
        self.held[serial] = connection
        return connection

    async def until(self, done) -> None:
        work = asyncio.create_task(self.nudges.run())
        async with asyncio.timeout(60):
            while not done() and not work.done():
                await asyncio.sleep(0.01)
        assert not work.done()
        work.cancel()


def test_one_that_fails_is_ended_and_the_others_register_again():
    async def story() -> None:
        outpost = Outpost(Lost())
        broken, sound = outpost.connect(CAFE), outpost.connect(ROOF)
        broken.session._capabilities = b"not compressed"
        await outpost.until(lambda: sound.session.phase == "registering")
        assert broken.session.phase == "over"
        assert sound in outpost.batches.connections._waiting

    asyncio.run(story())


def test_trouble_nobody_foresaw_costs_one_more_comparison():
    async def story() -> None:
        outpost = Outpost(Lost(trouble=1))
        sound = outpost.connect(CAFE)
        await outpost.until(lambda: sound.session.phase == "registering")

    asyncio.run(story())


def test_a_session_that_raises_ends_itself_alone():
    async def story() -> None:
        connection = Outpost(Lost()).connect(CAFE)
        connection.session.orders = None
        connection.attempt(connection.session.compared, None, 0.0)
        assert connection.session.phase == "over"

    asyncio.run(story())


def test_work_without_end_that_ends_all_the_same_has_the_process_replaced():
    """Nothing is known that ends it; if something does, looking alive and pushing nothing is worst."""

    async def story() -> None:
        outpost = object.__new__(server.Outpost)
        outpost._tasks, outpost.asked_to_end = [], asyncio.Event()
        outpost._begin(asyncio.sleep(0))
        async with asyncio.timeout(60):
            await outpost.asked_to_end.wait()

    asyncio.run(story())
