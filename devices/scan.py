"""What a Wi-Fi scan found, as far as it makes sense. Pure; the words are an access point's and its
neighbours': of any form and length.

Source: uCentral's ``wifiscan``: ``status.scan`` is a list of BSSs with ``ssid``, ``bssid``, ``channel``,
``frequency`` in MHz and ``signal`` in dBm.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

MOST = 250  # the strongest are kept
MAX_SSID = 64  # characters; 32 bytes on the air
CROWDED = 3  # networks on one channel
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
# First and last channel centres in MHz (IEEE 802.11, annex E), the band's code.
_BANDS = ((2400, 2500, "2G"), (5150, 5930, "5G"), (5935, 7125, "6G"))


class Neighbour(msgspec.Struct, frozen=True):
    """One BSS in reach: ``channel`` 0 and ``band`` empty where unknown, ``signal`` in dBm."""

    ssid: str
    bssid: str
    channel: int
    band: str
    signal: int


def read_scan(status: Any) -> list[dict[str, Any]]:
    """The neighbours an answer tells of, strongest first, each BSSID once, as JSON to be kept."""
    told = status.get("scan") if isinstance(status, dict) else None
    found: dict[str, Neighbour] = {}
    for one in told if isinstance(told, list) else []:
        neighbour = _neighbour(one)
        if neighbour and (neighbour.bssid not in found or neighbour.signal > found[neighbour.bssid].signal):
            found[neighbour.bssid] = neighbour
    strongest = sorted(found.values(), key=lambda one: (-one.signal, one.bssid))
    return [msgspec.to_builtins(one) for one in strongest[:MOST]]


def neighbours(kept: Any) -> list[Neighbour]:
    """What ``read_scan`` kept; empty for anything else."""
    try:
        return msgspec.convert(kept, list[Neighbour])
    except msgspec.ValidationError:
        return []


def crowded(found: Iterable[Neighbour]) -> list[tuple[str, int, int]]:
    """(band, channel, networks) of the channels that several share, fullest first."""
    on = Counter((one.band, one.channel) for one in found if one.channel and one.band)
    full = [(band, channel, count) for (band, channel), count in on.items() if count >= CROWDED]
    return sorted(full, key=lambda one: (-one[2], one[0], one[1]))


def free(found: Sequence[Neighbour]) -> list[int]:
    """Of the 2.4 GHz channels that do not overlap those with the fewest networks in reach."""
    on = Counter(one.channel for one in found if one.band == "2G")
    heard = {channel: sum(on[near] for near in range(channel - 2, channel + 3)) for channel in (1, 6, 11)}
    return [channel for channel, count in heard.items() if count == min(heard.values())] if on else []


def _neighbour(told: Any) -> Neighbour | None:
    if not isinstance(told, dict):
        return None
    bssid = told.get("bssid")
    if not isinstance(bssid, str) or not _MAC.fullmatch(bssid.lower()):
        return None
    ssid = told.get("ssid")
    return Neighbour(
        ssid=_plain(ssid) if isinstance(ssid, str) else "",
        bssid=bssid.lower(),
        channel=_whole(told.get("channel"), 0, 255, 0),
        band=_band(_whole(told.get("frequency"), 0, 100_000, 0)),
        signal=_whole(told.get("signal"), -128, 0, -128),
    )


def _plain(ssid: str) -> str:
    """Without characters that print nothing: hidden networks fill their names with zeros."""
    return "".join(letter for letter in ssid[:MAX_SSID] if letter.isprintable())


def _band(frequency: int) -> str:
    return next((band for low, high, band in _BANDS if low <= frequency <= high), "")


def _whole(told: Any, least: int, most: int, otherwise: int) -> int:
    usable = isinstance(told, int | float) and not isinstance(told, bool) and least <= told <= most
    return round(told) if usable else otherwise
