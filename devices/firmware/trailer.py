"""What an image says of itself at its end: OpenWrt's fwtool trailers. Pure; the bytes are somebody's upload.

Source: openwrt/fwtool (``fwimage.h``, ``fwtool.c``) and OpenWrt's ``include/image-commands.mk``. A trailer is
the last 16 bytes: magic ``FWx0``, CRC-32, type, three bytes of padding, size, in network order. ``size`` is
that of its data and itself; the CRC is over everything in the file before the trailer, without CRC-32's last
inversion. Below it may lie another. Type 1 is metadata: eight bytes of header (version 0, flags), then JSON.
Type 0 is usign's signature, which the access point itself checks.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO

from devices.firmware import hardware

MAGIC = b"FWx0"
SIGNATURE, METADATA = 0, 1
# fwtool itself reads at most 30 KiB of metadata and 1 KiB of signature.
MAX_DATA = 32 * 1024
MAX_TRAILERS = 4
MAX_DEVICES = 200
MAX_VERSION = 200
_TRAILER = struct.Struct(">4sIB3xI")
_HEADER = struct.Struct(">II")
TAIL = MAX_TRAILERS * (MAX_DATA + _TRAILER.size)
CHUNK = 256 * 1024


class Fault(StrEnum):
    SIZE = "size"
    CHECKSUM = "checksum"
    METADATA = "metadata"


class Damaged(Exception):
    """There is a trailer, and it is not right: the file was cut, mixed up, or made to mislead."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True)
class Metadata:
    """``compatibles`` are canonical names, none when the image fits everything; ``version`` may be empty."""

    version: str
    compatibles: tuple[str, ...]


class Tail:
    """The end of a file that goes by in pieces: its last ``TAIL`` bytes, and the checksum of all before."""

    def __init__(self) -> None:
        self.size = 0
        self._last = bytearray()
        self._checksum = 0

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the file, in order; of any length."""
        self.size += len(chunk)
        self._last += chunk
        if len(self._last) >= TAIL + CHUNK:
            self._forget(len(self._last) - TAIL)

    def _forget(self, count: int) -> None:
        self._checksum = zlib.crc32(memoryview(self._last)[:count], self._checksum)
        self._last = self._last[count:]

    def metadata(self) -> Metadata | None:
        """What the whole file says of itself; None when it says nothing. Raises ``Damaged``."""
        for kind, data in self._trailers():
            if kind == METADATA:
                return read_metadata(data)
        return None

    def _trailers(self) -> Iterator[tuple[int, bytes]]:
        """Type and data of each, the outermost first."""
        end = len(self._last)
        for _ in range(MAX_TRAILERS):
            at = end - _TRAILER.size
            if at < 0 or self._last[at : at + 4] != MAGIC:
                return
            _, checksum, kind, size = _TRAILER.unpack_from(self._last, at)
            if not _TRAILER.size <= size <= min(end, MAX_DATA + _TRAILER.size):
                raise Damaged(Fault.SIZE)
            if checksum != self._checksum_before(at):
                raise Damaged(Fault.CHECKSUM)
            end -= size
            yield kind, bytes(self._last[end:at])

    def _checksum_before(self, end: int) -> int:
        return zlib.crc32(memoryview(self._last)[:end], self._checksum) ^ 0xFFFFFFFF


def of_file(file: BinaryIO) -> Metadata | None:
    """The metadata of a whole file, from where it is read next. Raises ``Damaged``."""
    tail = Tail()
    while chunk := file.read(CHUNK):
        tail.feed(chunk)
    return tail.metadata()


def read_metadata(data: bytes) -> Metadata:
    """A metadata trailer's data. Raises ``Damaged`` when it is not what OpenWrt writes."""
    if len(data) < _HEADER.size or _HEADER.unpack_from(data)[0] != 0:
        raise Damaged(Fault.METADATA)
    try:
        told = json.loads(data[_HEADER.size :])
    except (ValueError, RecursionError):
        raise Damaged(Fault.METADATA) from None
    if not isinstance(told, dict):
        raise Damaged(Fault.METADATA)
    return Metadata(_version(told.get("version")), tuple(hardware.names(_devices(told))))


def _devices(told: dict[str, Any]) -> list[str]:
    """With a ``compat_version`` above 1.0 the old list holds but an explanation for old systems."""
    listed = told.get("new_supported_devices") or told.get("supported_devices")
    if not isinstance(listed, list):
        return []
    return [one for one in listed[:MAX_DEVICES] if isinstance(one, str) and one.strip() != "*"]


def _version(told: Any) -> str:
    """``23.05.2 r23630-842932a63d``: the words of it that a running system reports too."""
    parts = told if isinstance(told, dict) else {"version": told}
    words: list[str] = []
    for key in ("version", "revision"):
        part = parts.get(key)
        if isinstance(part, str) and part.isprintable() and part.strip() and part not in " ".join(words):
            words.append(part.strip())
    return " ".join(words)[:MAX_VERSION]
