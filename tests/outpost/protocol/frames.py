"""Frames as an access point writes them, with the standard library: the outpost decodes with another."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

SERIAL = "903cb3aabb01"
OTHER = "903cb3aabb02"
SAMPLES = Path(__file__).parent.parent / "samples"


def sample(name: str) -> bytes:
    """A recorded frame."""
    return (SAMPLES / f"{name}.json").read_bytes()


def said(method: str, **params: Any) -> bytes:
    """A message; ``serial`` is added unless given."""
    return _text({"jsonrpc": "2.0", "method": method, "params": {"serial": SERIAL, **params}})


def compressed(method: str, params: bytes, **fields: Any) -> bytes:
    """A message with these params inside ``compress_64``."""
    packed = base64.b64encode(zlib.compress(params)).decode()
    return _text({"jsonrpc": "2.0", "method": method, "params": {"compress_64": packed, **fields}})


def connect(uuid: int = 1, *, serial: str = SERIAL, compress: bool = True, **params: Any) -> bytes:
    """The first frame."""
    capabilities = {"compatible": "edgecore_eap101", "compress_cmd": compress}
    params = {"firmware": "v1", "uuid": uuid, "capabilities": capabilities} | params
    return said("connect", serial=serial, **params)


def state(uuid: int = 1, **params: Any) -> bytes:
    """Statistics, hardly any."""
    return said("state", **{"uuid": uuid, "state": {"unit": {"uptime": 60}}} | params)


def event(at: float, type: str = "client.join", **payload: Any) -> bytes:
    """Something that happened at its clock's time ``at``."""
    return said("event", data={"event": [at, {"type": type, "payload": payload}]})


def result(id: int, error: int = 0, *, uuid: int | None = 1, serial: str = SERIAL, **status: Any) -> bytes:
    """An answer."""
    body = {"serial": serial, "status": {"error": error, **status}}
    if uuid is not None:
        body["uuid"] = uuid
    return _text({"jsonrpc": "2.0", "id": id, "result": body})


def _text(value: Any) -> bytes:
    return json.dumps(value).encode()
