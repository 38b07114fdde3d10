"""What an access point said about itself in ``connect``, read with patience.

Vendors fill the capabilities in freely: fields are missing, of other types, or
of bands we do not know. Whatever cannot be read is taken as absent, never as an error.
"""

import re
from collections.abc import Iterable, Mapping

from devices.rendering.intent import Band, Hardware

_BANDS: dict[str, Band] = {"2G": "2G", "5G": "5G", "5G-lower": "5G", "5G-upper": "5G", "6G": "6G"}
_HTMODE = re.compile(r"(HT|VHT|HE|EHT)(20|40|80|160|320)")
_ROLE = re.compile(r"[a-z0-9_-]+", re.ASCII | re.IGNORECASE)


def hardware_of(capabilities: object) -> Hardware:
    """The ``Hardware`` behind ``params.capabilities`` of a ``connect`` message. Never raises."""
    told = _mapping(capabilities)
    phys = [_mapping(phy) for phy in _mapping(told.get("wifi")).values()]
    wan, lan = _ports(_mapping(told.get("network")))
    locks = {} if told.get("developer") is True else _mapping(told.get("restrictions"))
    return Hardware(
        bands=frozenset(band for phy in phys for band in _bands(phy)),
        wan_ports=wan,
        lan_ports=lan,
        compress=told.get("compress_cmd") is True,
        modes=_modes(phys),
        dfs=not locks.get("dfs") and any(phy.get("dfs_channels") for phy in phys),
        countries=frozenset(_words(locks.get("country"))),
    )


def _bands(phy: Mapping[str, object]) -> set[Band]:
    return {_BANDS[name] for name in _words(phy.get("band")) if name in _BANDS}


def _modes(phys: Iterable[Mapping[str, object]]) -> frozenset[tuple[Band, str, int]]:
    """What *all* radios of a band can do, for one radio section configures them all."""
    common: dict[Band, set[tuple[str, int]]] = {}
    for phy in phys:
        can = {(m[1], int(m[2])) for word in _words(phy.get("htmode")) if (m := _HTMODE.fullmatch(word))}
        for band in _bands(phy):
            common[band] = common.get(band, can) & can
    return frozenset((band, mode, width) for band, can in common.items() for mode, width in can)


def _ports(network: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Patterns of the uplink and the local ports.

    An access point names its ports by role: WAN, LAN1, LAN2, ... One without a WAN
    role hangs on some other port; we do not know which, so all of them are uplinks.
    """
    named = (role for role, ports in network.items() if _words(ports) and _ROLE.fullmatch(str(role)))
    roles = sorted(f"{role.upper()}*" for role in named)
    if not roles or "WAN*" in roles:
        return ("WAN*",), tuple(role for role in roles if role == "LAN*")
    return tuple(roles), ()


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [word for word in value if isinstance(word, str)] if isinstance(value, list | tuple) else []
