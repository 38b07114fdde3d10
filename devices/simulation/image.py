"""What a firmware image says of itself, as far as an access point's updater cares. Pure.

Source: openwrt/fwtool. The last 16 bytes of an image are a trailer: magic ``FWx0``, CRC-32, type, three bytes
of padding, size of its data and itself, in network order; below it may lie another. Type 1 is metadata:
eight bytes of header, then JSON.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

#: The end of an image that its trailers fit in.
TAIL = 160 * 1024
_MAGIC, _METADATA = b"FWx0", 1
_TRAILER, _HEADER = struct.Struct(">4sIB3xI"), 8


@dataclass(frozen=True, slots=True)
class Image:
    """A downloaded image; `firmware` is what a device that runs it reports, empty when it does not say."""

    firmware: str = ""


def read(tail: bytes) -> Image:
    """The image with this end; what cannot be read is not there."""
    while len(tail) >= _TRAILER.size:
        magic, _crc, kind, size = _TRAILER.unpack(tail[-_TRAILER.size :])
        if magic != _MAGIC or not _TRAILER.size <= size <= len(tail):
            break
        if kind == _METADATA:
            return Image(_firmware(tail[-size + _HEADER : -_TRAILER.size]))
        tail = tail[:-size]
    return Image()


def _firmware(text: bytes) -> str:
    """Such as ``OpenWrt 23.05.2 r23630-842932a63d``."""
    try:
        told = json.loads(text.rstrip(b"\0"))["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return " ".join(_words(told)) if isinstance(told, dict) else str(told)


def _words(told: dict[str, Any]) -> list[str]:
    words = [told.get(name) for name in ("dist", "version", "revision")]
    return [word for word in words if isinstance(word, str) and word]
