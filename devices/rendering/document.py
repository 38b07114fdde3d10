"""The document an access point reads: deterministic bytes, and a hash to tell whether it changed.

It holds no ``uuid``: that is its version, spliced in when it is sent, so that equal
bytes mean an equal configuration and nothing is pushed. Nor does it hold the network's
name or its maintenance window, so that changing those disturbs no client.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from devices.rendering.intent import Hardware, NetworkIntent, Unit
from devices.rendering.interfaces import interfaces as interfaces_of
from devices.rendering.names import hostname, plain
from devices.rendering.problem import Problem
from devices.rendering.radios import radios
from devices.rendering.ssid_section import CLICK_THROUGH, HOSTNAME
from devices.rendering.timezones import posix
from devices.rendering.validation import problems, problems_for

# Stands for the access point's name until the document is cut to one access point.
_NAME = "\0name\0"
_SECONDS = 60  # the console shows minutes; access points refuse less
_METRICS: dict[str, Any] = {
    "statistics": {"interval": _SECONDS, "types": ["ssids", "lldp", "clients"]},
    "health": {
        "interval": _SECONDS,
        "dhcp-local": True,
        "dhcp-remote": False,
        "dns-local": True,
        "dns-remote": True,
    },
    "realtime": {
        "types": [
            "client.join",
            "client.leave",
            "client.key-mismatch",
            "wifi.start",
            "wifi.stop",
            "wired.carrier-up",
            "wired.carrier-down",
            "unit.boot-up",
            "health",
        ]
    },
}
# Seconds offline before it looks for its cloud anew, between such looks, and to reach us after a change.
_TIMEOUTS = {"offline": 14400, "orphan": 7200, "validate": 120}


class Unrenderable(ValueError):
    """The intent breaks a rule; ``problems`` says which. Whoever saved it should have been told."""

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, found)))
        self.problems = tuple(found)


class Rendered(msgspec.Struct, frozen=True):
    """UTF-8 JSON without uuid, its SHA-256 in hex, and what this hardware has to leave out of it."""

    document: bytes
    hash: str
    left_out: tuple[Problem, ...]

    def __repr__(self) -> str:
        return f"Rendered({self.hash[:12]}, {len(self.document)} bytes)"


class NetworkDocument:
    """What all access points of a network share; ``for_unit`` cuts it to one of them.

    Equal hardware gets equal documents but for the name, so that each kind of
    hardware is rendered once and the name spliced in: microseconds per access point.
    """

    def __init__(self, intent: NetworkIntent) -> None:
        if found := problems(intent):
            raise Unrenderable(found)
        self._intent = intent
        self._timezone = posix(intent.timezone)
        on_air = [ssid for ssid in intent.ssids if ssid.enabled]
        self._ssids = sorted(on_air, key=lambda ssid: (ssid.name, ssid.key))
        self._patterns: dict[Hardware, tuple[bytes, tuple[Problem, ...]]] = {}

    def for_unit(self, unit: Unit, hardware: Hardware) -> Rendered:
        """The document of one access point."""
        pattern, left_out = self._pattern(hardware)
        name = plain(unit.name) or unit.serial
        document = pattern.replace(_HOSTNAME_JSON, _json(hostname(name, unit.serial)))
        document = document.replace(_NAME_JSON, _json(name))
        return Rendered(document, sha256(document).hexdigest(), left_out)

    def _pattern(self, hardware: Hardware) -> tuple[bytes, tuple[Problem, ...]]:
        """The document with placeholders for the name, and what it leaves out."""
        known = self._patterns.get(hardware)
        if known is None:
            left_out = tuple(problems_for(self._intent, hardware))
            known = self._patterns[hardware] = (_json(self._sections(hardware)), left_out)
        return known

    def _sections(self, hardware: Hardware) -> dict[str, Any]:
        if hardware.countries and self._intent.country not in hardware.countries:
            hardware = msgspec.structs.replace(hardware, bands=frozenset())
        interfaces = interfaces_of(self._ssids, hardware)
        return {
            "strict": False,
            "unit": {"name": _NAME, "hostname": HOSTNAME, "timezone": self._timezone, "leds-active": True},
            "radios": radios(self._intent.country, hardware),
            "interfaces": interfaces,
            "services": _services(interfaces),
            "metrics": _METRICS,
            "timeouts": _TIMEOUTS,
        }


def render_network(intent: NetworkIntent) -> NetworkDocument:
    """The network-wide part, once. Raises ``Unrenderable``."""
    return NetworkDocument(intent)


def render(intent: NetworkIntent, unit: Unit, hardware: Hardware) -> Rendered:
    """The document of a single access point. Raises ``Unrenderable``."""
    return render_network(intent).for_unit(unit, hardware)


def _services(interfaces: list[dict[str, Any]]) -> dict[str, Any]:
    """A service runs only where an interface or an SSID names it; SSH, which none names, is off.

    Firmware before schema 3 reads the click-through page from here instead of from the SSID.
    """
    services: dict[str, Any] = {"lldp": {"describe": "Aerie access point"}}
    if any("captive" in ssid for interface in interfaces for ssid in interface.get("ssids", [])):
        services["captive"] = CLICK_THROUGH
    return services


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


_NAME_JSON = _json(_NAME)
_HOSTNAME_JSON = _json(HOSTNAME)
