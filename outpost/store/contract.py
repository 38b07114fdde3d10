"""What any live store must do, whichever server holds it.

The live store is the truth of this moment. It can be lost at any time: MySQL
rebuilds the desired side, the access points' next check-ins the reported side.
Every implementation passes ``tests/outpost/store/contract_tests.py``.

Units: times are Unix seconds (float), serials 12 lower-case hex digits. Session numbers
are chosen by the store and fit 53 bits: 64-bit columns, not 32.
Every method raises ``StoreUnavailable`` when the server cannot be reached.
"""

import uuid as uuids
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Literal, Protocol

import msgspec

FactKind = Literal[
    "connected",  # uuid, firmware, compatible, capabilities, reason (ours), boot (its own), address
    "disconnected",  # code: why the session ended
    "pushed",  # uuid: a configuration was sent
    "applied",  # uuid, rejected: list of the access point's own words (may be empty)
    "refused",  # uuid, text, rejected
    "command_sent",  # command
    "command_done",  # command, result
    "command_failed",  # command, text, result
    "event",  # type, payload, at
    "log",  # text, severity 0-7
    "health",  # sanity 0-100, data
]


class StoreUnavailable(Exception):
    """The live store did not answer; nothing of the call may be relied upon."""


class Desired(msgspec.Struct, frozen=True):
    """What one claimed access point should run.

    ``uuid`` 0 means claimed, but nothing to push yet. ``document`` is the
    configuration without its uuid: JSON, zlib-compressed, sealed with
    ``sealing.Seal`` to the serial, so that the store never holds a passphrase
    in the clear.
    """

    serial: str
    uuid: int
    hash: str
    document: bytes
    network: str


class DesiredVersion(msgspec.Struct, frozen=True):
    """The cheap half of ``Desired``: enough to see whether a push is due.

    ``commands`` counts those waiting (some may have expired): 0 saves asking ``take_commands``.
    """

    uuid: int
    hash: str
    network: str
    commands: int = 0


class Connection(msgspec.Struct, frozen=True):
    """What a ``connect`` frame said, and where it came in."""

    serial: str
    outpost: str
    uuid: int
    firmware: str
    compatible: str
    compress: bool
    address: str
    at: float
    capabilities: bytes = b""  # raw JSON of the connect frame's capabilities, secrets dropped


class Seen(msgspec.Struct, frozen=True):
    """One check-in. ``state`` is the raw JSON of a state message, or None for a bare sign of life.

    ``uuid`` None means the access point did not say what it runs; 0 is what it says in recovery mode.
    """

    serial: str
    session: int
    at: float
    uuid: int | None = None
    state: bytes | None = None


class SeenOutcome(msgspec.Struct, frozen=True):
    """What a batch of check-ins met, apart from those written.

    ``unknown``: the store was lost, register these serials again and compare them.
    ``superseded``: a newer connection holds these serials, perhaps on another outpost: close ours.
    """

    unknown: list[str] = []
    superseded: list[str] = []


class Reported(msgspec.Struct, frozen=True):
    """What the store last heard from an access point. Empty fields were never heard."""

    serial: str
    session: int = 0
    outpost: str = ""
    connected: bool = False
    connected_at: float = 0.0
    last_seen: float = 0.0
    uuid: int = 0
    firmware: str = ""
    compatible: str = ""
    compress: bool = False
    address: str = ""
    capabilities: bytes = b""
    state: bytes = b""
    state_at: float = 0.0


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something worth keeping in MySQL. Reading the same fact twice is normal.

    ``id`` is chosen by whoever appends it (``fact_id``), so that appending again after an
    unanswered call is the same fact. ``receipt`` is set by ``read_facts`` for ``acknowledge``.
    """

    id: str
    kind: FactKind
    serial: str
    at: float
    session: int = 0
    data: dict[str, Any] = {}
    receipt: str = ""


def fact_id() -> str:
    """An id no other fact ever had: 32 hex digits."""
    return uuids.uuid4().hex


class PendingCommand(msgspec.Struct, frozen=True):
    """A command waiting for its access point. Taken at most once; expires unsent at ``expires_at``."""

    serial: str
    id: int
    method: str
    params: dict[str, Any]
    expires_at: float
    timeout: float  # seconds from sending to giving up on an answer


class OutpostStore(Protocol):
    """What an outpost process asks of the live store (asyncio side)."""

    async def connected(self, connections: Sequence[Connection]) -> list[int]:
        """Register connections, each under a session number higher than any before for its serial.

        Returns the numbers in order. Higher even when the store was lost in between.
        """

    async def seen(self, batch: Sequence[Seen]) -> SeenOutcome:
        """Write check-ins in one batch. Those of a session that was taken over change nothing.

        The state of an unclaimed access point is not stored.
        """

    async def disconnected(self, sessions: Sequence[tuple[str, int, float]]) -> None:
        """Mark (serial, session, last sign of life) as gone; a session taken over changes nothing."""

    async def desired(self, serials: Sequence[str]) -> list[Desired | None]:
        """The desired configurations in the order asked; None for unclaimed access points."""

    async def desired_versions(self, serials: Sequence[str]) -> list[DesiredVersion | None]:
        """As ``desired`` without the documents."""

    async def append_facts(self, facts: Sequence[Fact]) -> None:
        """Append to the stream of facts, bounded in length (oldest dropped)."""

    async def take_commands(self, serial: str, count: int, now: float) -> list[PendingCommand]:
        """Remove and return up to ``count`` commands that have not expired, oldest first."""

    def nudges(self, outpost: str) -> AsyncIterator[list[str]]:
        """Batches of serials whose desired state or commands changed.

        An empty list means that nudges may have been lost: compare every session. It comes first,
        and again whenever the subscription was interrupted. Outages are waited out here: the
        iterator never ends by itself and never raises ``StoreUnavailable``.
        """

    async def ping(self) -> None:
        """Answer, or raise ``StoreUnavailable``."""

    async def clock(self) -> float:
        """What time it is there. Raises ``StoreUnavailable``."""

    async def aclose(self) -> None:
        """Close every connection."""


class StoreFigures(msgspec.Struct, frozen=True):
    """How much the live store holds."""

    used_bytes: int  # of memory, by whatever lives on the same server
    most_bytes: int  # it may use; 0: as much as there is
    keys: int  # in the store's database
    seen: int  # claimed access points with a sign of life, connected or not long gone
    facts: int  # that nobody has acknowledged yet


class LiveStore(Protocol):
    """What the monolith asks of the live store (synchronous side)."""

    def put_desired(self, many: Iterable[Desired], *, replace: bool = False) -> list[str]:
        """Write desired configurations; claims access points not claimed before.

        A lower uuid never replaces a higher one (two publishers may finish in the wrong order)
        unless ``replace``: MySQL is the truth and the store is rebuilt from it. Returns the serials
        left as they were.
        """

    def remove_desired(self, serials: Iterable[str]) -> None:
        """Forget claimed access points: they are parked from now on, their pending commands dropped."""

    def desired_versions(self, serials: Sequence[str]) -> list[DesiredVersion | None]:
        """What the store holds as desired, in the order asked."""

    def put_commands(self, many: Iterable[PendingCommand]) -> None:
        """Queue commands; queuing the same id again changes nothing."""

    def drop_commands(self, many: Iterable[tuple[str, int, float]]) -> list[int]:
        """Take back (serial, id, expires at), and refuse them should they be put later.

        Returns the ids that waited here: the others were taken already, or never came.
        """

    def nudge(self, serials: Iterable[str]) -> None:
        """Tell the outposts that hold these access points to compare."""

    def reported(self, serials: Sequence[str], *, with_state: bool = False) -> list[Reported]:
        """What was last heard, in the order asked; an empty ``Reported`` for those never heard.

        Without ``with_state`` neither ``state`` nor ``capabilities`` is fetched.
        """

    def presence_before(self, at: float, limit: int = 1000) -> list[tuple[str, float]]:
        """Claimed access points last seen before ``at``: (serial, last seen), longest silent first."""

    def forget_presence(self, serials: Iterable[str]) -> None:
        """Drop serials from the presence set until their next sign of life."""

    def read_facts(self, consumer: str, count: int, block: float = 0.0) -> list[Fact]:
        """Up to ``count`` facts not yet acknowledged, waiting up to ``block`` seconds for the first.

        At least once: what a dead consumer did not acknowledge for 10 s is handed to another.
        """

    def acknowledge(self, facts: Iterable[Fact]) -> None:
        """These facts are in MySQL."""

    def rebuild_due(self) -> str:
        """Names the store's present life while it was not rebuilt in it; empty when it was.

        A life ends with a restart, a fail-over or a flush: what the store holds may be old then, or gone.
        """

    def mark_rebuilt(self, life: str) -> None:
        """The store was made equal to MySQL in the life that ``rebuild_due`` named."""

    def figures(self) -> StoreFigures:
        """How much it holds; costs the store next to nothing, whatever it holds."""

    def ping(self) -> None:
        """Answer, or raise ``StoreUnavailable``."""

    def close(self) -> None:
        """Close every connection."""
