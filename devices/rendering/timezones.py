"""IANA time zone names to the POSIX TZ strings access points understand.

The tzdata package carries both: its ``zones`` file lists the names, and the last
line of every version 2+ TZif file is the POSIX rule in force (RFC 8536, section 3.3).
"""

from functools import cache
from importlib.resources import files

# "Factory" is tzdata's placeholder for "nobody has set a zone yet".
_PLACEHOLDERS = frozenset({"Factory"})


class UnknownZone(ValueError):
    """No such IANA time zone."""


@cache
def zones() -> frozenset[str]:
    """Every IANA name in the tzdata package."""
    return frozenset(files("tzdata").joinpath("zones").read_text().split()) - _PLACEHOLDERS


@cache
def posix(zone: str) -> str:
    """The POSIX TZ string of ``zone``: ``Europe/Berlin`` is ``CET-1CEST,M3.5.0,M10.5.0/3``.

    Raises ``UnknownZone``; only listed names are opened, so that no path can be smuggled in.
    """
    if zone not in zones():
        raise UnknownZone(zone)
    tzif = files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()
    return tzif.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii")
