"""What a customer wants of one network, as plain values.

A ``NetworkIntent`` is everything a Revision holds: enough to render any of the
network's access points, to compare two revisions, and to go back to an old one.
"""

from enum import StrEnum
from typing import Literal

import msgspec

Band = Literal["2G", "5G", "6G"]
BANDS: tuple[Band, ...] = ("2G", "5G", "6G")
BAND_NAMES: dict[Band, str] = {"2G": "2.4 GHz", "5G": "5 GHz", "6G": "6 GHz"}


class Security(StrEnum):
    """How clients of an SSID authenticate and encrypt."""

    OPEN = "open"
    OWE = "owe"
    WPA2 = "wpa2"
    WPA2_WPA3 = "wpa2-wpa3"
    WPA3 = "wpa3"
    WPA2_ENTERPRISE = "wpa2-enterprise"
    WPA2_WPA3_ENTERPRISE = "wpa2-wpa3-enterprise"
    WPA3_ENTERPRISE = "wpa3-enterprise"

    @property
    def needs_passphrase(self) -> bool:
        return self in {Security.WPA2, Security.WPA2_WPA3, Security.WPA3}

    @property
    def needs_radius(self) -> bool:
        return self in {Security.WPA2_ENTERPRISE, Security.WPA2_WPA3_ENTERPRISE, Security.WPA3_ENTERPRISE}


class Radius(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The RADIUS server of an enterprise SSID. ``accounting_port`` None: no accounting."""

    host: str
    secret: str
    port: int = 1812
    accounting_port: int | None = None

    def __repr__(self) -> str:
        return f"Radius({self.host}:{self.port})"


class SsidIntent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One SSID. ``key`` names it across revisions; rates are Mbit/s per client, None for no limit.

    ``guest`` puts its clients behind NAT, away from the local network; ``captive``
    shows them a click-through page first (guest only). ``vlan`` None bridges to the untagged uplink.
    """

    key: str
    name: str
    security: Security
    passphrase: str = ""
    radius: Radius | None = None
    bands: tuple[Band, ...] = ("2G", "5G")
    vlan: int | None = None
    hidden: bool = False
    isolate: bool = False
    download_mbps: int | None = None
    upload_mbps: int | None = None
    guest: bool = False
    captive: bool = False
    enabled: bool = True

    def __repr__(self) -> str:
        return f"SsidIntent({self.key}: {self.name!r}, {self.security})"


class NetworkIntent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place. ``country`` ISO 3166-1 alpha-2, ``timezone`` an IANA name, window times ``HH:MM`` local."""

    name: str
    country: str
    timezone: str
    window_start: str = "03:00"
    window_end: str = "05:00"
    ssids: tuple[SsidIntent, ...] = ()


class Unit(msgspec.Struct, frozen=True):
    """The access point a document is for."""

    serial: str
    name: str


class Hardware(msgspec.Struct, frozen=True):
    """What an access point said it has, as far as rendering cares.

    ``bands`` of its radios; interface patterns of its uplink and its local ports;
    whether it accepts compressed commands. ``modes`` is what every radio of a band
    can do, as (band, HT | VHT | HE | EHT, channel width in MHz). ``dfs``: it knows
    radar channels and may use them. ``countries`` it is locked to; empty: none.
    """

    bands: frozenset[Band]
    wan_ports: tuple[str, ...] = ("WAN*",)
    lan_ports: tuple[str, ...] = ("LAN*",)
    compress: bool = False
    modes: frozenset[tuple[Band, str, int]] = frozenset()
    dfs: bool = False
    countries: frozenset[str] = frozenset()
