"""What is written to the live store: connections, check-ins, facts and ends, in batches."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import msgspec

from outpost import metrics
from outpost.gathering import Gathering
from outpost.protocol.actions import Action, Append
from outpost.protocol.session import POLICY, Session
from outpost.store.contract import Connection, Fact, OutpostStore, Seen, fact_id

BATCH_SECONDS = 0.05  # an unchanged check-in costs its share of one batch, and nothing else
SEEN_TOGETHER = 5_000  # 4-13 us of the server each
FACTS_TOGETHER = 1_000
FACTS_KEPT = 20_000  # while the store is away; some 300 bytes each, 64 KB at the most


class Peer(Protocol):
    """A connection, as far as the store's answers concern it."""

    session: Session

    def attempt(self, step: Callable[..., Iterable[Action]], *told: Any) -> None:
        """Tell its session something and do what it wants done. Never raises: its trouble ends it alone."""


class Batches:
    """Everything that waits to be written. ``holder`` finds who holds a serial in this process now."""

    def __init__(self, store: OutpostStore, holder: Callable[[str], Peer | None]) -> None:
        self._store = store
        self._holder = holder
        self.connections: Gathering[Peer, Connection] = Gathering("connected", self._connected)
        self.seen: Gathering[str, Seen] = Gathering(
            "seen", self._seen, most=SEEN_TOGETHER, pause=BATCH_SECONDS, merge=_later
        )
        self.facts: Gathering[str, Fact] = Gathering(
            "append_facts", self._append, most=FACTS_TOGETHER, pause=BATCH_SECONDS, kept=FACTS_KEPT
        )
        self.ends: Gathering[tuple[str, int], tuple[str, int, float]] = Gathering(
            "disconnected", self._disconnected, most=SEEN_TOGETHER, pause=BATCH_SECONDS
        )

    def __iter__(self) -> Iterator[Gathering[Any, Any]]:
        return iter((self.connections, self.seen, self.facts, self.ends))

    def stalled(self, seconds: float) -> bool:
        """Whether a call to the live store has lasted longer than this. One that fails in time is none."""
        return any(gathering.calling() > seconds for gathering in self)

    def keep(self, session: Session, fact: Append) -> None:
        """Append a fact of this session, in the order of calls."""
        id = fact_id()
        self.facts.add(id, Fact(id, fact.kind, session.serial, fact.at, session.number, fact.data))

    def end(self, session: Session) -> None:
        """The session is over: the store should show it as gone, unless another took over."""
        if session.number:
            self.ends.add(
                (session.serial, session.number), (session.serial, session.number, session.heard_at)
            )

    async def look(self, seen: list[Seen]) -> None:
        """Write these check-ins now, and act on what the store says about them."""
        outcome = await self._store.seen(seen)
        numbers = {one.serial: one.session for one in seen}
        for serial in outcome.unknown:
            if peer := self._still(serial, numbers):
                peer.attempt(peer.session.register_again)
        for serial in outcome.superseded:
            if peer := self._still(serial, numbers):
                peer.attempt(peer.session.close, POLICY, "replaced")

    def _still(self, serial: str, numbers: dict[str, int]) -> Peer | None:
        """Who holds the serial, if it is the session the check-in was of."""
        peer = self._holder(serial)
        return peer if peer and peer.session.number == numbers[serial] else None

    async def _connected(self, items: dict[Peer, Connection]) -> None:
        waiting = {peer: said for peer, said in items.items() if peer.session.phase == "registering"}
        numbers = await self._store.connected(list(waiting.values()))
        for peer, number in zip(waiting, numbers, strict=True):
            peer.attempt(peer.session.registered, number)
            if peer.session.phase == "over":  # gone meanwhile: the store must not show it as connected
                peer.session.number = number
                self.end(peer.session)

    async def _seen(self, items: dict[str, Seen]) -> None:
        metrics.BATCH_SIZE.observe(len(items))
        await self.look(list(items.values()))

    async def _append(self, items: dict[str, Fact]) -> None:
        await self._store.append_facts(list(items.values()))
        metrics.FACTS.inc(len(items))

    async def _disconnected(self, items: dict[tuple[str, int], tuple[str, int, float]]) -> None:
        await self._store.disconnected(list(items.values()))


def _later(older: Seen, newer: Seen) -> Seen:
    """Two check-ins of one access point in one batch: the later, with what only the earlier told."""
    if older.session != newer.session or newer.state is not None:
        return newer
    uuid = older.uuid if newer.uuid is None else newer.uuid
    return msgspec.structs.replace(newer, uuid=uuid, state=older.state)
