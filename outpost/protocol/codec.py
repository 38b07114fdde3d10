"""Bytes an access point sent, to a message. Whatever is wrong with them is a ``ProtocolError``, nothing else.

Every size is bounded, whoever sends: the frame, what it inflates to, how deep it nests.
"""

import binascii
import math
import zlib
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from outpost.protocol.messages import (
    MAX_NUMBER,
    NOTED_METHODS,
    Connect,
    Event,
    HealthCheck,
    Log,
    Message,
    Noted,
    Result,
    State,
    Unknown,
)
from outpost.protocol.secrecy import without_secrets

MAX_FRAME: Final = 512_000  # bytes, continuation frames included
MAX_INFLATED: Final = 1024 * 1024  # bytes of JSON a compressed message may become: some 5 ms of work
MAX_STATE: Final = 512_000  # bytes of a state that is kept
MAX_KEPT: Final = 64 * 1024  # bytes of any other message something is kept of; real ones have 0.1-6 KB
MAX_ANSWER: Final = 256 * 1024  # bytes of an answer: a scan of a crowded place has 30 KB
MAX_DEPTH: Final = 32  # real messages nest about ten deep
MAX_LOG: Final = 4_000  # characters of a log line that are kept
MAX_TEXT: Final = 1_000  # characters of an answer's text, or of one rejected item
MAX_REJECTED: Final = 100

Reason = Literal[
    "too_large",
    "inflates_too_large",
    "bad_compression",
    "not_utf8",
    "not_json",
    "not_a_message",
    "bad_params",
    "too_deep",
    "binary",
    "bad_serial",
    "wrong_serial",
    "before_connect",
    "second_connect",
    "bad_fragments",
    "bad_frame",
]
Oddity = Literal["unknown_method", "unknown_result", "flood"]


class ProtocolError(Exception):
    """What came breaks the protocol. ``reason`` is one of a short closed list: a counter's label."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
ShortText = Annotated[str, msgspec.Meta(max_length=200)]
_EMPTY = msgspec.Raw(b"{}")
_NOTHING = msgspec.Raw(b"")


class _Envelope(msgspec.Struct, gc=False):
    method: ShortText | None = None
    params: msgspec.Raw = _EMPTY
    id: Annotated[int, msgspec.Meta(ge=-(2**31), le=MAX_NUMBER)] | None = None
    result: msgspec.Raw = _NOTHING
    error: msgspec.Raw = _NOTHING
    radius: msgspec.Raw = _NOTHING


class _Compressed(msgspec.Struct, gc=False):
    compress_64: str | None = None


class _Serial(msgspec.Struct, gc=False):
    serial: ShortText = ""


class _Connect(msgspec.Struct):
    serial: ShortText
    uuid: Number
    firmware: ShortText = ""
    reason: ShortText = ""
    capabilities: dict[str, Any] = {}


class _State(msgspec.Struct, gc=False):
    serial: ShortText
    uuid: Number
    state: msgspec.Raw


class _HealthCheck(msgspec.Struct):
    serial: ShortText
    uuid: Number
    sanity: Annotated[int, msgspec.Meta(ge=0, le=100)]
    data: Any = None


class _Log(msgspec.Struct, gc=False):
    serial: ShortText
    log: str
    severity: Annotated[int, msgspec.Meta(ge=0, le=7)] = 6


class _EventBody(msgspec.Struct):
    type: ShortText
    payload: Any = None


class _EventData(msgspec.Struct):
    event: tuple[float, _EventBody]


class _Event(msgspec.Struct):
    serial: ShortText
    data: _EventData


class _Result(msgspec.Struct):
    serial: ShortText = ""
    uuid: Number | None = None
    status: dict[str, Any] = {}


class _JsonRpcError(msgspec.Struct, gc=False):
    code: int = -1
    message: str = ""


T = TypeVar("T")


def _reader(kind: type[T]) -> Callable[[msgspec.Raw | bytes], T]:
    """A decoder of one shape that raises nothing but ``ProtocolError``."""
    decode = msgspec.json.Decoder(kind, strict=False).decode

    def read(data: msgspec.Raw | bytes) -> T:
        try:
            return decode(data)
        except RecursionError:
            raise ProtocolError("too_deep") from None
        except msgspec.ValidationError:
            raise ProtocolError("bad_params") from None
        except (msgspec.MsgspecError, ValueError, OverflowError):
            raise ProtocolError("not_json") from None

    return read


_read_envelope = _reader(_Envelope)
_read_compressed = _reader(_Compressed)
_read_serial = _reader(_Serial)
_read_connect = _reader(_Connect)
_read_state = _reader(_State)
_read_health = _reader(_HealthCheck)
_read_log = _reader(_Log)
_read_event = _reader(_Event)
_read_result = _reader(_Result)
_read_error = _reader(_JsonRpcError)


def decode(data: bytes) -> Message:
    """One text frame, continuation frames joined. Raises ``ProtocolError``."""
    if len(data) > MAX_FRAME:
        raise ProtocolError("too_large")
    _check_utf8(data)
    try:
        envelope = _read_envelope(data)
    except ProtocolError as error:
        raise ProtocolError("not_a_message" if error.reason == "bad_params" else error.reason) from None
    if envelope.method is not None:
        return _read_method(envelope.method, _inflated(envelope.params, data))
    if envelope.radius:
        return Noted("radius")
    if envelope.id is None:
        raise ProtocolError("not_a_message")
    return _read_answer(envelope.id, envelope, data)


def _read_method(method: str, params: msgspec.Raw | bytes) -> Message:
    if read := _METHODS.get(method):
        if len(params) > MAX_KEPT and method != "state":
            raise ProtocolError("bad_params")
        return read(params)
    serial = _read_serial(params).serial
    return Noted(method, serial) if method in NOTED_METHODS else Unknown(method, serial)


def _read_answer(id: int, envelope: _Envelope, data: bytes) -> Result:
    if envelope.result:
        result = _inflated(envelope.result, data)
        if len(result) > MAX_ANSWER:
            raise ProtocolError("bad_params")
        return _result(id, result)
    if not envelope.error:
        raise ProtocolError("not_a_message")
    error = _read_error(envelope.error)
    return Result(id, "", None, error.code or -1, error.message[:MAX_TEXT], [], {})


def _check_utf8(data: bytes) -> None:
    """What is kept raw is read by others later: it must be text at least."""
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            raise ProtocolError("not_utf8") from None


def _inflated(params: msgspec.Raw, frame: bytes) -> msgspec.Raw | bytes:
    """The params, or what ``compress_64`` in them holds; ``compress_sz`` may be absent or wrong."""
    if b"compress_64" not in frame:
        return params
    packed = _read_compressed(params).compress_64
    return params if packed is None else inflate(packed)


def inflate(packed: str) -> bytes:
    """base64(zlib(JSON)) to JSON of at most 1 MiB. Raises ``ProtocolError``; stops early on a bomb."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(binascii.a2b_base64(packed), MAX_INFLATED + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise ProtocolError("bad_compression") from None
    if len(plain) > MAX_INFLATED:
        raise ProtocolError("inflates_too_large")
    if not inflater.eof:
        raise ProtocolError("bad_compression")
    _check_utf8(plain)
    return plain


def _connect(params: msgspec.Raw | bytes) -> Connect:
    said = _read_connect(params)
    capabilities = without_secrets(_bounded(said.capabilities))
    compatible = capabilities.get("compatible")
    return Connect(
        said.serial,
        said.uuid,
        said.firmware,
        said.reason,
        compatible=compatible[:100] if isinstance(compatible, str) else "",
        compress=capabilities.get("compress_cmd") in (True, 1),
        capabilities=capabilities,
    )


def _state(params: msgspec.Raw | bytes) -> State:
    said = _read_state(params)
    state = bytes(said.state)
    if len(state) > MAX_STATE:
        raise ProtocolError("inflates_too_large")
    if not state.lstrip()[:1] == b"{":
        raise ProtocolError("bad_params")
    return State(said.serial, said.uuid, state)


def _health(params: msgspec.Raw | bytes) -> HealthCheck:
    said = _read_health(params)
    return HealthCheck(said.serial, said.uuid, said.sanity, _bounded(said.data))


def _log(params: msgspec.Raw | bytes) -> Log:
    said = _read_log(params)
    return Log(said.serial, said.log[:MAX_LOG], said.severity)


def _event(params: msgspec.Raw | bytes) -> Event:
    said = _read_event(params)
    at, body = said.data.event
    return Event(said.serial, at if math.isfinite(at) else 0.0, body.type, _bounded(body.payload))


_METHODS: dict[str, Callable[[msgspec.Raw | bytes], Message]] = {
    "connect": _connect,
    "state": _state,
    "healthcheck": _health,
    "log": _log,
    "event": _event,
}


def _result(id: int, result: msgspec.Raw | bytes) -> Result:
    said = _read_result(result)
    status = _bounded(said.status)
    error = status.get("error")
    if not isinstance(error, int):
        error = -1
    return Result(id, said.serial, said.uuid, error, _text(status), _rejected(status), status)


def _text(status: dict[str, Any]) -> str:
    """The words of an answer: ``text``, or what some clients write as ``result`` instead."""
    for key in ("text", "result"):
        if isinstance(words := status.get(key), str) and words:
            return words[:MAX_TEXT]
    return ""


def _rejected(status: dict[str, Any]) -> list[str]:
    rejected = status.get("rejected")
    if not isinstance(rejected, list):
        return []
    words = (item if isinstance(item, str) else msgspec.json.encode(item).decode() for item in rejected)
    return [item[:MAX_TEXT] for item in words][:MAX_REJECTED]


def _bounded(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The value itself if others can encode it again: not too deep, numbers of 64 bits, finite."""
    if depth == 0:
        raise ProtocolError("too_deep")
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            _bounded(item, depth - 1)
    elif isinstance(value, (int, float)) and not -(2**63) <= value < 2**63:
        raise ProtocolError("bad_params")
    return value
