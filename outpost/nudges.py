"""The console changed something: compare, and push what differs."""

import asyncio
import logging
import random
import time
from collections.abc import Iterable, Mapping

from outpost import metrics
from outpost.batches import Batches, Peer
from outpost.deliveries import VERSIONS_TOGETHER, Deliveries
from outpost.store.contract import OutpostStore, Seen, StoreUnavailable

RETRY_SECONDS = 0.5
log = logging.getLogger(__name__)


class Nudges:
    """Listens for this process's share. ``held`` is who is connected here, by serial."""

    def __init__(
        self,
        store: OutpostStore,
        outpost: str,
        held: Mapping[str, Peer],
        batches: Batches,
        deliveries: Deliveries,
    ) -> None:
        self._store = store
        self._outpost = outpost
        self._held = held
        self._batches = batches
        self._deliveries = deliveries

    async def run(self) -> None:
        """Work for ever. Trouble nobody foresaw costs one more comparison of everything, not the process."""
        while True:
            try:
                await self._listen()
            except Exception:
                log.exception("nudges interrupted")
            await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311

    async def _listen(self) -> None:
        """An empty nudge means that some were lost, and is the first: then everything is compared."""
        async for serials in self._store.nudges(self._outpost):
            metrics.NUDGES.inc(len(serials))
            if serials:
                self._compare(serials)
            else:
                await self._compare_all()

    def _compare(self, serials: Iterable[str]) -> None:
        for serial in serials:
            if peer := self._held.get(serial):
                self._deliveries.comparisons.add(peer, None)

    async def _compare_all(self) -> None:
        """Whoever was taken over elsewhere meanwhile must not take commands: look first, then compare."""
        serials = list(self._held)
        for start in range(0, len(serials), VERSIONS_TOGETHER):
            chunk = serials[start : start + VERSIONS_TOGETHER]
            await self._look(chunk)
            self._compare(chunk)

    async def _look(self, serials: list[str]) -> None:
        while seen := [_still_here(self._held[one]) for one in serials if self._is_registered(one)]:
            try:
                await self._batches.look(seen)
                break
            except StoreUnavailable:
                await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311

    def _is_registered(self, serial: str) -> bool:
        return serial in self._held and self._held[serial].session.number > 0


def _still_here(peer: Peer) -> Seen:
    session = peer.session
    return Seen(session.serial, session.number, min(session.heard_at, time.time()))
