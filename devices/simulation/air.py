"""What an applied configuration puts on air: radios, interfaces and their BSSs. Pure.

Derived from the stored document once, kept small: a fleet holds twenty thousand of these.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sys import intern
from zlib import crc32

from devices.simulation.configuration import (
    Document,
    band_faults,
    bare_band,
    radio_fault,
    ssid_fault,
    vlan_id,
)
from devices.simulation.hardware import Hardware, Radio

_AUTO_CHANNELS = {"2G": (1, 6, 11), "5G": (36, 44, 100, 149), "6G": (5, 21, 37, 53)}
WIDTHS = (20, 40, 80, 160, 320)
_USUAL_WIDTH = {"2G": 20, "5G": 80, "6G": 160}


@dataclass(frozen=True, slots=True)
class RadioOnAir:
    """A running radio: `index` is its place in the model, width in MHz, power in dBm."""

    index: int
    radio: Radio
    channel: int
    width: int
    tx_power: int


@dataclass(frozen=True, slots=True)
class Bss:
    """One SSID on one radio."""

    ssid: str
    band: str
    radio: int
    bssid: str
    iface: str
    location: str


@dataclass(frozen=True, slots=True)
class Interface:
    """A logical interface; `address` is the access point's own in prefix notation, empty for none."""

    location: str
    name: str
    role: str
    vlan: int
    address: str
    bsses: tuple[Bss, ...]


@dataclass(frozen=True, slots=True)
class Air:
    """All of it; intervals in seconds, 0 where the configuration names none."""

    radios: tuple[RadioOnAir, ...]
    interfaces: tuple[Interface, ...]
    state_interval: int = 0
    health_interval: int = 0

    @property
    def bsses(self) -> tuple[Bss, ...]:
        return tuple(bss for interface in self.interfaces for bss in interface.bsses)


def on_air(document: Document, hardware: Hardware, serial: str) -> Air:
    """What `document` puts on air; parts the device rejects stay off."""
    radios = tuple(_radios(document, hardware, serial))
    numbers = {one.radio.band: one for one in radios}
    counts: dict[int, int] = {}
    interfaces = tuple(
        _interface(index, interface, numbers, serial, counts)
        for index, interface in enumerate(document.get("interfaces", []))
    )
    metrics = document.get("metrics") or {}
    return Air(radios, interfaces, _interval(metrics, "statistics"), _interval(metrics, "health"))


def _interval(metrics: Document, name: str) -> int:
    value = (metrics.get(name) or {}).get("interval", 0)
    return value if isinstance(value, int) and value > 0 else 0


def _radios(document: Document, hardware: Hardware, serial: str) -> Iterator[RadioOnAir]:
    wanted = {
        bare_band(radio.get("band")): radio
        for radio in document.get("radios", [])
        if not radio_fault(radio, hardware)
    }
    for index, radio in enumerate(hardware.radios):
        if radio.band in wanted:
            yield _radio(index, radio, wanted[radio.band], serial)


def _radio(index: int, radio: Radio, wanted: Document, serial: str) -> RadioOnAir:
    channel = wanted.get("channel", "auto")
    if channel == "auto":
        choices = [one for one in wanted.get("valid-channels", ()) if one in radio.channels]
        channel = _picked(choices or _AUTO_CHANNELS[radio.band], f"{serial}{radio.band}")
    width = wanted.get("channel-width", _USUAL_WIDTH[radio.band])
    width = min(width if width in WIDTHS else 20, radio.width)
    power = min(wanted.get("tx-power", radio.max_power), radio.max_power)
    return RadioOnAir(index, radio, channel, width, power)


def _picked(choices: Sequence[int], seed: str) -> int:
    return choices[crc32(seed.encode()) % len(choices)]


def _interface(
    index: int, interface: Document, radios: dict[str, RadioOnAir], serial: str, counts: dict[int, int]
) -> Interface:
    return Interface(
        location=f"/interfaces/{index}",
        name=str(interface.get("name", f"interface{index}")),
        role=str(interface.get("role", "upstream")),
        vlan=vlan_id(interface),
        address=_address(interface, index, serial),
        bsses=tuple(_bsses(index, interface, radios, serial, counts)),
    )


def _bsses(
    index: int, interface: Document, radios: dict[str, RadioOnAir], serial: str, counts: dict[int, int]
) -> Iterator[Bss]:
    for number, ssid in enumerate(interface.get("ssids", [])):
        if ssid_fault(ssid):
            continue
        for band in dict.fromkeys(bare_band(one) for one in ssid["wifi-bands"]):
            if band in radios and _allowed(ssid, band, radios[band]):
                yield _bss(ssid["name"], radios[band], serial, counts, f"/interfaces/{index}/ssids/{number}")


def _bss(name: str, on: RadioOnAir, serial: str, counts: dict[int, int], location: str) -> Bss:
    place = counts.get(on.index, 0)
    counts[on.index] = place + 1
    iface = intern(f"phy{on.index}-ap{place}")
    number = on.index * 16 + place
    return Bss(intern(name), on.radio.band, on.index, bssid(serial, number), iface, intern(location))


def _allowed(ssid: Document, band: str, on: RadioOnAir) -> bool:
    alone = Hardware("", "", (on.radio,))
    return not any(band_faults({**ssid, "wifi-bands": [band]}, alone))


def bssid(serial: str, number: int) -> str:
    """The `number`-th BSSID: locally administered, as real radios do it; neighbouring serials never clash."""
    octets = bytearray.fromhex(serial)
    octets[0] = (octets[0] | 0x02) ^ ((number & 0x3F) << 2)
    return ":".join(f"{octet:02x}" for octet in octets)


def _address(interface: Document, index: int, serial: str) -> str:
    ipv4 = interface.get("ipv4") or {}
    if ipv4.get("addressing") == "static":
        return _static_address(str(ipv4.get("subnet", "auto/24")), index)
    if ipv4.get("addressing") == "dynamic":
        seed = crc32(serial.encode())
        return f"10.{(seed >> 16) % 250 + 1}.{vlan_id(interface) % 250}.{seed % 240 + 10}/24"
    return ""


def _static_address(subnet: str, index: int) -> str:
    """`auto/24` is chosen by the device; anything unreadable too."""
    try:
        return str(ipaddress.IPv4Interface(subnet))
    except ValueError:
        return f"192.168.{index + 1}.1/24"
