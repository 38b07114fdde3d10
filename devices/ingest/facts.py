"""Facts as typed values. Their words come from devices we do not trust: what is not of its form is poison.

Every fact says only what is so at its own time, so that they may arrive late, twice and out
of order: ``merging`` keeps the newest.
"""

import ipaddress
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from outpost.store.contract import Fact

MAX_UUID = 2**32  # an access point may report anything; more than this is no configuration number
MAX_DATA = 16 * 1024  # bytes of JSON kept of an event's payload or a health check
MAX_CAPABILITIES = 20 * 1024  # bytes of JSON; real ones have 1-8 KB
MAX_WORDS = 50
_EARLIEST, _LATEST = 1_000_000_000.0, 4_102_444_800.0  # 2001 to 2100

Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_UUID)]
Key = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Poison(ValueError):
    """A fact that can never be recorded. The message holds nothing of its content."""


class Connected(msgspec.Struct, frozen=True):
    """It is here, and says what it is. Also sent when ``uuid`` changed while it stayed connected.

    ``boot`` is its own word for why it started: "upgrade", "upgradefailed" and the like.
    """

    uuid: Number
    firmware: str = ""
    compatible: str = ""
    capabilities: dict[str, Any] = {}
    reason: str = ""
    boot: str = ""
    address: str = ""


class Disconnected(msgspec.Struct, frozen=True):
    code: str | int = ""


class Pushed(msgspec.Struct, frozen=True):
    uuid: Number


class Applied(msgspec.Struct, frozen=True):
    uuid: Number
    rejected: list[str] = []


class Refused(msgspec.Struct, frozen=True):
    """``stale``: it holds the higher number ``reported``, so that only a new one can reach it."""

    uuid: Number
    text: str = ""
    rejected: list[str] = []
    reported: Number = 0
    stale: bool = False


class CommandSent(msgspec.Struct, frozen=True):
    command: Key


class CommandDone(msgspec.Struct, frozen=True):
    command: Key
    result: Any = None


class CommandFailed(msgspec.Struct, frozen=True):
    command: Key
    text: str = ""
    result: Any = None
    unanswered: bool = False


class Happened(msgspec.Struct, frozen=True):
    """``at`` is the access point's own time, as far as the outpost believed it."""

    type: str
    payload: Any = None
    at: float = 0.0


class Logged(msgspec.Struct, frozen=True):
    text: str
    severity: int = 6


class Health(msgspec.Struct, frozen=True):
    sanity: int
    data: Any = None


Content = (
    Connected
    | Disconnected
    | Pushed
    | Applied
    | Refused
    | CommandSent
    | CommandDone
    | CommandFailed
    | Happened
    | Logged
    | Health
)
_KINDS: dict[str, type[Content]] = {
    "connected": Connected,
    "disconnected": Disconnected,
    "pushed": Pushed,
    "applied": Applied,
    "refused": Refused,
    "command_sent": CommandSent,
    "command_done": CommandDone,
    "command_failed": CommandFailed,
    "event": Happened,
    "log": Logged,
    "health": Health,
}


class News(msgspec.Struct, frozen=True):
    """One fact, read: whose, when, in which session, what, and in how many bytes of JSON."""

    id: str
    serial: str
    at: datetime
    session: int
    content: Content
    size: int = 0


def read(fact: Fact) -> News:
    """The fact as ``News``. Raises ``Poison``."""
    if not (_EARLIEST < fact.at < _LATEST and 0 <= fact.session < 2**63 and 0 < len(fact.id) <= 64):
        raise Poison("its time, session or id is impossible")
    try:
        # Through JSON and back: what MySQL's JSON or UTF-8 cannot hold fails here, not in the batch.
        raw = msgspec.json.encode(fact.data)
        content = msgspec.json.decode(raw, type=_KINDS[fact.kind])
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise Poison("its data is not of its kind's form") from None
    if isinstance(content, Connected) and len(raw) > MAX_CAPABILITIES:
        raise Poison("its capabilities are too large")
    at = datetime.fromtimestamp(fact.at, UTC)
    return News(fact.id, fact.serial, at, fact.session, content, size=len(raw))


def bounded(data: Any) -> Any:
    """JSON data of a size worth keeping; None when larger."""
    return data if len(msgspec.json.encode(data)) <= MAX_DATA else None


def text(words: str, most: int) -> str:
    """At most ``most`` characters, without the zero character that MySQL tools stumble over."""
    return words.replace("\0", "")[:most]


def address(told: str) -> str | None:
    """An IP address, or None when it is none (a test client, a path)."""
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:
        return None
