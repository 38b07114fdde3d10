"""Frames as text: JSON-RPC objects out and in, with `compress_64` both ways. Pure.

The JSON is the standard library's on purpose: the outpost decodes with another one.
"""

import base64
import binascii
import json
import zlib
from typing import Any

#: A real client packs a `state` from this many bytes of parameters.
COMPRESS_FROM = 2048
#: Longer frames from the cloud are "failed to parse command" and never answered (seen on the wire).
LONGEST_COMMAND = 32 * 1024
#: What a packed command may unpack to before the device gives up.
LONGEST_UNPACKED = 1024 * 1024

Message = dict[str, Any]


class Unreadable(ValueError):
    """The frame is not a command this device can read; it stays silent."""


def dump(value: Any) -> bytes:
    """Compact JSON, UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def encode(message: Message) -> bytes:
    """The frame of `message`; the parameters of a long `state` travel packed."""
    if message.get("method") == "state":
        return _encode_state(message["params"])
    return dump({"jsonrpc": "2.0", **message})


def _encode_state(params: dict[str, Any]) -> bytes:
    body = dump(params)
    if len(body) < COMPRESS_FROM:
        return b'{"jsonrpc":"2.0","method":"state","params":' + body + b"}"
    return dump({"jsonrpc": "2.0", "method": "state", "params": pack(body)})


def pack(body: bytes) -> dict[str, Any]:
    """`compress_64` parameters holding `body`, the JSON text of the real ones."""
    return {"compress_64": base64.b64encode(zlib.compress(body, 6)).decode(), "compress_sz": len(body)}


def unpack(params: dict[str, Any]) -> dict[str, Any]:
    """The real parameters inside `compress_64` ones. Raises `Unreadable`."""
    try:
        inflater = zlib.decompressobj()
        body = inflater.decompress(base64.b64decode(params["compress_64"], validate=True), LONGEST_UNPACKED)
        unpacked = json.loads(body)
    except (TypeError, ValueError, RecursionError, binascii.Error, zlib.error) as error:
        raise Unreadable(f"compress_64 does not unpack: {error}") from error
    if inflater.unconsumed_tail or not isinstance(unpacked, dict):
        raise Unreadable("compress_64 unpacks to something other than a JSON object of reasonable size")
    if params.get("compress_sz", len(body)) != len(body):
        raise Unreadable("compress_sz is not the unpacked size")
    return unpacked


def decode(frame: bytes) -> Message:
    """A command of the cloud: an object with `id`, `method` and `params`. Raises `Unreadable`."""
    if len(frame) > LONGEST_COMMAND:
        raise Unreadable(f"failed to parse command: {len(frame)} bytes, the limit is {LONGEST_COMMAND}")
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"failed to parse command: {error}") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise Unreadable("not a JSON-RPC 2.0 object")
    return _checked(message)


def _checked(message: Message) -> Message:
    number, params = message.get("id"), message.get("params", {})
    if not isinstance(number, int) or isinstance(number, bool) or not -(2**31) <= number < 2**31:
        raise Unreadable("id is not a 32-bit integer")
    if not isinstance(message.get("method"), str) or not isinstance(params, dict):
        raise Unreadable("no method, or params are not an object")
    return {"id": number, "method": message["method"], "params": params}
