"""A capture file as tcpdump would write it, with a few made up frames. Pure.

Source: the classic pcap format, draft-ietf-opsawg-pcap: a header of 24 bytes, then each frame behind
seconds, microseconds, captured length and length on the wire, little-endian.
"""

import struct
from random import Random

_ETHERNET = 1
_LONGEST = 262_144  # bytes of a frame


def capture(now: float, rng: Random, frames: int = 20) -> bytes:
    """A file of so many Ethernet frames, the last one of this moment (Unix seconds)."""
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _LONGEST, _ETHERNET)
    return header + b"".join(_record(now - frames + index, rng) for index in range(frames))


def _record(at: float, rng: Random) -> bytes:
    frame = rng.randbytes(12) + b"\x08\x00" + rng.randbytes(rng.randint(46, 400))
    return struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)) + frame
