"""What is said between an access point and the cloud: uCentral messages as typed values.

Both directions: what an access point sends (decoded by ``codec``), and the frames we send.
Source of every shape: docs/protocol.md and the recorded frames its tests decode.
"""

import base64
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

FRAME_LIMIT: Final = 32 * 1024 - 1  # bytes; an access point answers nothing to a frame of 32 KiB or more
MAX_NUMBER: Final = 2**31 - 1  # the largest uuid and the largest frame id: signed 32-bit on the wire
_SEPARATORS = re.compile(r"[\s:.\-]+")
_SERIAL = re.compile(r"[0-9a-f]{12}")


class FrameTooLarge(Exception):
    """The frame is over 32 KiB and the access point could not read it, not even compressed."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The frame has {size} bytes; an access point reads at most {FRAME_LIMIT}.")
        self.size = size


def normalise_serial(text: str) -> str:
    """A serial in any notation (colons, hyphens, dots, spaces, capitals) as 12 lower-case hex digits.

    Raises ``ValueError`` in words.
    """
    bare = _SEPARATORS.sub("", text).lower()
    if not bare:
        raise ValueError("The serial is empty.")
    if not _SERIAL.fullmatch(bare):
        raise ValueError("A serial is 12 hexadecimal digits, such as 90:3c:b3:aa:bb:01.")
    return bare


# From the access point. Fields it may leave out have defaults; ``serial`` is as written, in any notation.


class Connect(msgspec.Struct, frozen=True):
    """The first frame on every connection. ``uuid`` is the active configuration: 1 factory, 0 recovery."""

    serial: str
    uuid: int
    firmware: str = ""
    reason: str = ""
    compatible: str = ""
    compress: bool = False  # whether compressed commands are understood
    capabilities: dict[str, Any] = {}  # secrets already dropped


class State(msgspec.Struct, frozen=True, gc=False):
    """Statistics, every minute or so. ``state`` is raw JSON, 0.6-60 KB; nothing in it is looked at here."""

    serial: str
    uuid: int
    state: bytes


class HealthCheck(msgspec.Struct, frozen=True):
    """The access point's own opinion: ``sanity`` 0-100, and why in ``data``."""

    serial: str
    uuid: int
    sanity: int
    data: Any


class Log(msgspec.Struct, frozen=True, gc=False):
    """A line of its log; ``severity`` as in RFC 5424, 0 emergency to 7 debug."""

    serial: str
    text: str
    severity: int


class Event(msgspec.Struct, frozen=True):
    """Something happened there. ``at`` is its clock in Unix seconds, 0 when it has none."""

    serial: str
    at: float
    type: str
    payload: Any


class Result(msgspec.Struct, frozen=True):
    """The answer to the frame of this ``id``; 0 is unsolicited. ``error`` -1 when it gave no status."""

    id: int
    serial: str
    uuid: int | None
    error: int
    text: str
    rejected: list[str]
    status: Any  # the whole of the status, for commands whose answer it carries


class Noted(msgspec.Struct, frozen=True, gc=False):
    """A known message of which nothing is kept: a sign of life (and sometimes a secret, dropped unread)."""

    method: str
    serial: str = ""


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A well-formed message of a method nobody told us of."""

    method: str
    serial: str = ""


Message = Connect | State | HealthCheck | Log | Event | Result | Noted | Unknown

NOTED_METHODS: Final = frozenset(
    {"telemetry", "alarm", "wifiscan", "rebootLog", "crashlog", "recovery", "ping", "cfgpending"}
    | {"venue_broadcast", "deviceupdate", "radius"}
)

_LABELS: dict[type, str] = {
    Connect: "connect",
    State: "state",
    HealthCheck: "healthcheck",
    Log: "log",
    Event: "event",
    Result: "result",
    Unknown: "other",
}


def label(message: Message) -> str:
    """The message's method for a counter: one of a closed list."""
    return message.method if isinstance(message, Noted) else _LABELS[type(message)]


# To the access point. ``when`` 0 is always sent and always ignored there: scheduling is ours.


def splice(document: bytes, uuid: int) -> bytes:
    """The configuration with its ``uuid`` in front, from JSON that has none.

    Raises ``ValueError`` when the document is no JSON object, already has a uuid, or the number
    does not fit a signed 32-bit integer (an access point refuses more).
    """
    if not 0 < uuid <= MAX_NUMBER:
        raise ValueError(f"A configuration's uuid is from 1 to {MAX_NUMBER}, not {uuid}.")
    try:
        sections = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ValueError("The configuration is not a JSON object.") from None
    if "uuid" in sections:
        raise ValueError("The configuration already has a uuid.")
    rest = document.strip()[1:]
    return b'{"uuid":%d%s%s' % (uuid, b"," if sections else b"", rest)


def configure(id: int, serial: str, uuid: int, document: bytes, *, compress: bool = False) -> bytes:
    """The frame that makes an access point run ``document``; ``compress`` if it said it understands that.

    Raises ``FrameTooLarge``, and ``ValueError`` as ``splice`` does.
    """
    params = b'{"serial":"%s","uuid":%d,"when":0,"config":%s}' % (
        serial.encode(),
        uuid,
        splice(document, uuid),
    )
    return _frame(id, "configure", params, compress=compress)


def command(id: int, method: str, serial: str, params: Mapping[str, Any], *, compress: bool = False) -> bytes:
    """Any command; ``serial`` and ``when`` are added. Raises ``FrameTooLarge``."""
    content = {**params, "serial": serial, "when": 0}
    return _frame(id, method, msgspec.json.encode(content), compress=compress)


def _frame(id: int, method: str, params: bytes, *, compress: bool) -> bytes:
    frame = _envelope(id, method, params)
    if len(frame) > FRAME_LIMIT and compress:
        frame = _envelope(id, method, _compressed(params))
    if len(frame) > FRAME_LIMIT:
        raise FrameTooLarge(len(frame))
    return frame


def _envelope(id: int, method: str, params: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%d,"method":%s,"params":%s}' % (id, msgspec.json.encode(method), params)


def _compressed(params: bytes) -> bytes:
    packed = base64.b64encode(zlib.compress(params, 9))
    return b'{"compress_64":"%s","compress_sz":%d}' % (packed, len(params))
