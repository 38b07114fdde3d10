"""What an access point makes of a uCentral configuration: a verdict, and what goes on air. Pure.

The rules are those of the uCentral schema 5.1.0 and of the access point's own configuration reader;
they are written down a second time here, apart from the rendering, on purpose.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from devices.simulation.hardware import Hardware

APPLIED, APPLIED_WITH_REJECTS, REFUSED = 0, 1, 2
LONGEST_SSID = 32  # bytes, IEEE 802.11

_KEYED = {"psk", "psk2", "psk-mixed", "sae", "sae-mixed"}
_ENTERPRISE = {"wpa", "wpa2", "wpa-mixed", "wpa3", "wpa3-mixed", "wpa3-192"}
_ON_6G = {"sae", "owe", "wpa3", "wpa3-192"}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The `status` of a `configure` result: `error` 0 applied, 1 applied with rejects, 2 refused."""

    error: int
    text: str
    rejected: tuple[str, ...] = ()

    @property
    def is_applied(self) -> bool:
        return self.error != REFUSED


#: The answer to a number that is not higher than the highest ever stored (seen on the wire).
ALREADY_APPLIED = Verdict(APPLIED, "Already applied.")


def judge(document: Any, uuid: int, hardware: Hardware) -> Verdict:
    """What the device answers to `document` pushed under the number `uuid`."""
    fault = _unreadable(document, uuid)
    if fault:
        return Verdict(REFUSED, fault)
    rejected = tuple(faults(document, hardware))
    if not rejected:
        return Verdict(APPLIED, "Success")
    if document.get("strict"):
        return Verdict(REFUSED, "strict configuration with rejects", rejected)
    return Verdict(APPLIED_WITH_REJECTS, "Applied with rejects", rejected)


def _unreadable(document: Any, uuid: int) -> str:
    if not isinstance(document, dict):
        return "config is not an object"
    if document.get("uuid") != uuid:
        return "config.uuid is not the pushed uuid"
    for section in ("radios", "interfaces"):
        if not _is_list_of_objects(document.get(section, [])):
            return f"{section} is not a list of objects"
    if not all(
        _is_list_of_objects(interface.get("ssids", [])) for interface in document.get("interfaces", [])
    ):
        return "ssids is not a list of objects"
    return ""


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def faults(document: Document, hardware: Hardware) -> Iterator[str]:
    """Every part the device drops, in words."""
    for index, radio in enumerate(document.get("radios", [])):
        yield from _named(f"radios[{index}]", radio_fault(radio, hardware))
    yield from _interface_faults(document.get("interfaces", []))
    for at, _, ssid in ssids(document):
        yield from _named(at, ssid_fault(ssid))
        yield from (f"{at}: {fault}" for fault in band_faults(ssid, hardware))


def _named(place: str, fault: str) -> Iterator[str]:
    if fault:
        yield f"{place}: {fault}"


def ssids(document: Document) -> Iterator[tuple[str, int, Document]]:
    """Each SSID with its place in the document and the number of its interface."""
    for number, interface in enumerate(document.get("interfaces", [])):
        for index, ssid in enumerate(interface.get("ssids", [])):
            yield f"interfaces[{number}].ssids[{index}]", number, ssid


def bare_band(band: Any) -> str:
    """`5G` for `5G-lower` and `5G-upper`."""
    return str(band).split("-")[0]


def radio_fault(radio: Document, hardware: Hardware) -> str:
    band = bare_band(radio.get("band"))
    have = {one.band: one for one in hardware.radios}
    if band not in have:
        return f"no {band} radio"
    channel = radio.get("channel", "auto")
    if channel != "auto" and channel not in have[band].channels:
        return f"channel {channel} is not one of the {band} radio's"
    return ""


def _interface_faults(interfaces: list[Document]) -> Iterator[str]:
    upstream = {vlan_id(one) for one in interfaces if one.get("role") == "upstream"}
    seen: set[tuple[Any, int]] = set()
    for index, interface in enumerate(interfaces):
        role, vlan = interface.get("role"), vlan_id(interface)
        if role not in ("upstream", "downstream"):
            yield f"interfaces[{index}]: role {role!r} is unknown"
        elif (role, vlan) in seen:
            yield f"interfaces[{index}]: a second {role} interface with VLAN {vlan}"
        elif role == "downstream" and vlan and vlan not in upstream:
            yield f"interfaces[{index}]: no upstream interface has VLAN {vlan}"
        seen.add((role, vlan))


def vlan_id(interface: Document) -> int:
    """The VLAN of an interface, 0 for none."""
    vlan = interface.get("vlan")
    number = vlan.get("id", 0) if isinstance(vlan, dict) else 0
    return number if isinstance(number, int) else 0


def ssid_fault(ssid: Document) -> str:
    name = ssid.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= LONGEST_SSID:
        return f"the name has not 1 to {LONGEST_SSID} bytes"
    if not isinstance(ssid.get("wifi-bands"), list) or not ssid["wifi-bands"]:
        return "no wifi-bands"
    return _encryption_fault(ssid)


def _encryption_fault(ssid: Document) -> str:
    encryption = ssid.get("encryption") or {}
    proto, key = encryption.get("proto", "none"), encryption.get("key", "")
    if proto not in _KEYED | _ENTERPRISE | {"none", "owe", "owe-transition"}:
        return f"encryption {proto!r} is unknown"
    if proto in _KEYED and not (isinstance(key, str) and 8 <= len(key.encode()) <= 63):
        return "the key has not 8 to 63 bytes"
    if proto in _ENTERPRISE and not (ssid.get("radius") or {}).get("authentication"):
        return "enterprise encryption without a RADIUS server"
    return ""


def band_faults(ssid: Document, hardware: Hardware) -> Iterator[str]:
    proto = (ssid.get("encryption") or {}).get("proto", "none")
    bands = ssid.get("wifi-bands")
    for band in bands if isinstance(bands, list) else []:
        if bare_band(band) not in hardware.bands:
            yield f"no {band} radio"
        elif band == "6G" and proto not in _ON_6G:
            yield f"encryption {proto} is not allowed on 6G"


def has_uplink(document: Document, hardware: Hardware) -> bool:
    """Whether the access point can still reach the cloud: an upstream interface with port and address.

    A real one applies a configuration without, answers `error 0`, and is gone.
    """
    return any(
        interface.get("role") == "upstream" and _has_port(interface, hardware) and _has_address(interface)
        for interface in document.get("interfaces", [])
    )


def _has_port(interface: Document, hardware: Hardware) -> bool:
    ethernet = interface.get("ethernet", [])
    if not _is_list_of_objects(ethernet):
        return False
    return any(_selects(port, hardware) for entry in ethernet for port in entry.get("select-ports", []))


def _selects(pattern: Any, hardware: Hardware) -> bool:
    """Whether `WAN*`, `LAN*` or a numbered port (`LAN2`) names a port of this model."""
    kind, number = str(pattern)[:3], str(pattern)[3:]
    ports = {"WAN": hardware.wan, "LAN": hardware.lan}.get(kind, ())
    if number in ("", "*"):
        return bool(ports)
    return number.isdigit() and 1 <= int(number) <= len(ports)


def _has_address(interface: Document) -> bool:
    return any(
        (interface.get(family) or {}).get("addressing") in ("dynamic", "static")
        for family in ("ipv4", "ipv6")
    )
