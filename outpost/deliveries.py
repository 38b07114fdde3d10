"""What is fetched from the live store for the access points: desired configurations and commands."""

import asyncio
import logging
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from outpost.batches import Peer
from outpost.gathering import Gathering
from outpost.store.contract import Desired, OutpostStore, StoreUnavailable
from outpost.store.sealing import Seal, SealBroken

VERSIONS_TOGETHER = 500
DOCUMENTS_TOGETHER = 100  # some 4 KB each, and about 0.2 ms of work to open and send
COMMANDS_TOGETHER = 32  # one round trip each, at the same time
MOST_DOCUMENT = 4 * 1024 * 1024  # bytes in clear
log = logging.getLogger(__name__)


class Deliveries:
    """Who waits for a comparison, a document or a command; each together with the others."""

    def __init__(self, store: OutpostStore, seal: Seal) -> None:
        self._store = store
        self._seal = seal
        self.comparisons: Gathering[Peer, None] = Gathering(
            "desired_versions", self._compare, most=VERSIONS_TOGETHER
        )
        self.documents: Gathering[Peer, None] = Gathering("desired", self._fetch, most=DOCUMENTS_TOGETHER)
        self.commands: Gathering[Peer, None] = Gathering("take_commands", self._take, most=COMMANDS_TOGETHER)

    def __iter__(self) -> Iterator[Gathering[Any, Any]]:
        return iter((self.comparisons, self.documents, self.commands))

    def forget(self, peer: Peer) -> None:
        """It is gone."""
        for gathering in self:
            gathering.discard(peer)

    async def _compare(self, items: dict[Peer, None]) -> None:
        peers = _present(items)
        versions = await self._store.desired_versions([peer.session.serial for peer in peers])
        now = time.time()
        for peer, version in zip(peers, versions, strict=True):
            peer.attempt(peer.session.compared, version, now)
        await asyncio.sleep(0)

    async def _fetch(self, items: dict[Peer, None]) -> None:
        peers = _present(items)
        for peer, desired in zip(
            peers, await self._store.desired([peer.session.serial for peer in peers]), strict=True
        ):
            if desired is not None and desired.uuid:
                self._push(peer, desired)
                await asyncio.sleep(0)  # others are served between two documents

    def _push(self, peer: Peer, desired: Desired) -> None:
        now = time.time()
        try:
            document = open_document(self._seal, desired)
        except (SealBroken, zlib.error, ValueError) as error:
            extra = {"serial": desired.serial, "uuid": desired.uuid, "error": type(error).__name__}
            log.error("a configuration cannot be opened", extra=extra)
            why = "The configuration could not be opened by the check-in service."
            peer.attempt(peer.session.unsendable, desired.uuid, why, now)
        else:
            peer.attempt(peer.session.push, desired.uuid, document, now)

    async def _take(self, items: dict[Peer, None]) -> None:
        await asyncio.gather(*(self._take_one(peer) for peer in _present(items)))

    async def _take_one(self, peer: Peer) -> None:
        """Taken commands are in the store no more: each is sent at once, or was its one try."""
        now = time.time()
        try:
            commands = await self._store.take_commands(peer.session.serial, 1, now)
        except StoreUnavailable:
            commands = []
            self.comparisons.add(peer, None)  # which asks for the command again
        peer.attempt(peer.session.run, commands, time.time())


def open_document(seal: Seal, desired: Desired) -> bytes:
    """The desired document in clear: JSON without uuid.

    Raises ``SealBroken``, ``zlib.error``, or ``ValueError`` when it is larger than any we make.
    """
    inflater = zlib.decompressobj()
    document = inflater.decompress(seal.open(desired.serial, desired.document), MOST_DOCUMENT)
    if not inflater.eof:
        raise ValueError("The document is cut off or too large.")
    return document


def _present(peers: Iterable[Peer]) -> list[Peer]:
    return [peer for peer in peers if peer.session.phase != "over"]
