"""One radio section per band: the legal country, the channel left to the access point, a mode it has."""

from collections.abc import Iterator
from typing import Any

from devices.rendering.intent import BANDS, Band, Hardware

# Widest channel we ask for. 20 MHz is all that 2.4 GHz has room for; wider than 80 MHz
# leaves neighbours no free channel. Newer modes first: every one still serves older clients.
_WIDEST: dict[Band, int] = {"2G": 20, "5G": 80, "6G": 80}
_MODES = ("EHT", "HE", "VHT", "HT")
# What every radio of the band can do, for one that did not say: it would reject more.
_SAFE: dict[Band, tuple[str, int]] = {"2G": ("HT", 20), "5G": ("HT", 20), "6G": ("HE", 20)}


def radios(country: str, hardware: Hardware) -> list[dict[str, Any]]:
    """The ``radios`` section for the bands ``hardware`` has."""
    return [_radio(band, country, hardware) for band in BANDS if band in hardware.bands]


def _radio(band: Band, country: str, hardware: Hardware) -> dict[str, Any]:
    mode, width = best_mode(band, hardware)
    radio: dict[str, Any] = {
        "band": band,
        "country": country,
        "channel": "auto",
        "channel-mode": mode,
        "channel-width": width,
    }
    if band == "2G":
        radio["valid-channels"] = [1, 6, 11]  # the only three that do not overlap
    elif band == "5G":
        radio["allow-dfs"] = hardware.dfs
    else:
        radio["acs-exclude-6ghz-non-psc"] = True  # clients look on the preferred scanning channels only
    return radio


def best_mode(band: Band, hardware: Hardware) -> tuple[str, int]:
    """The mode and width in MHz to ask for; one the hardware lists, or it would fall back and say so."""
    return next(_choices(band, hardware), _SAFE[band])


def _choices(band: Band, hardware: Hardware) -> Iterator[tuple[str, int]]:
    for width in (80, 40, 20):
        for mode in _MODES:
            if width <= _WIDEST[band] and (band, mode, width) in hardware.modes:
                yield mode, width
