"""What must hold of every document beyond the schema: each rule is something access points trip over."""

import re
from collections.abc import Iterator
from ipaddress import ip_interface
from itertools import combinations
from typing import Any

from devices.rendering.intent import Hardware

_ON_6G = {"owe", "sae", "wpa3"}
_PASSPHRASE = {"psk2", "sae", "sae-mixed"}
_RADIUS = {"wpa2", "wpa3", "wpa3-mixed"}
_PROTOS = {"none", "owe"} | _PASSPHRASE | _RADIUS
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def broken(document: dict[str, Any], hardware: Hardware) -> list[str]:
    """The rules ``document`` breaks, in words."""
    checks = (_head, _uplink, _vlans, _services, _ssids, _radios, _subnets, _text)
    return [wrong for check in checks for wrong in check(document, hardware)]


def _head(document: dict[str, Any], hardware: Hardware) -> Iterator[str]:
    if "uuid" in document:
        yield "has a uuid"
    if not _LABEL.fullmatch(document["unit"]["hostname"]):
        yield "host name is no RFC 1123 label"
    for metric in ("statistics", "health"):
        if document["metrics"][metric]["interval"] < 60:
            yield f"{metric} more often than once a minute"


def _uplink(document: dict[str, Any], hardware: Hardware) -> Iterator[str]:
    upstream = [interface for interface in document["interfaces"] if interface["role"] == "upstream"]
    ports = [
        port for interface in upstream for part in interface["ethernet"] for port in part["select-ports"]
    ]
    if not ports or not set(ports) <= set(hardware.wan_ports):
        yield "the uplink has no port of this hardware"
    if not any(
        "vlan" not in interface and interface["ipv4"]["addressing"] == "dynamic" for interface in upstream
    ):
        yield "no untagged upstream interface takes an address"


def _vlans(document: dict[str, Any], hardware: Hardware) -> Iterator[str]:
    pairs = [(part["role"], part.get("vlan", {}).get("id", 0)) for part in document["interfaces"]]
    if len(set(pairs)) != len(pairs):
        yield "the same role and VLAN twice"
    for role, vlan in pairs:
        if role == "downstream" and ("upstream", vlan) not in pairs:
            yield f"downstream VLAN {vlan} has no upstream one"
        if not 0 <= vlan <= 4050:
            yield f"VLAN {vlan} is the access point's own"


def _services(document: dict[str, Any], hardware: Hardware) -> Iterator[str]:
    ssids = [ssid for part in document["interfaces"] for ssid in part.get("ssids", [])]
    named = {name for part in [*document["interfaces"], *ssids] for name in part.get("services", [])}
    if named != set(document["services"]):
        yield f"services named {named} but described {set(document['services'])}"
    if "ssh" in named:
        yield "SSH is open"
    portals = [
        part for part in document["interfaces"] if any("captive" in ssid for ssid in part.get("ssids", []))
    ]
    if len(portals) > 1 or any(part["role"] != "downstream" for part in portals):
        yield "click-through page on more than one interface, or not on a guest one"


def _ssids(document: dict[str, Any], hardware: Hardware) -> Iterator[str]:
    bands = {radio["band"] for radio in document["radios"]}
    for part in document["interfaces"]:
        for ssid in part.get("ssids", []):
            yield from _ssid(ssid, bands)
            if part["role"] == "downstream" and not ssid["isolate-clients"]:
                yield "guests are not isolated"


def _ssid(ssid: dict[str, Any], bands: set[str]) -> Iterator[str]:
    encryption = ssid["encryption"]
    proto = encryption["proto"]
    if not ssid["wifi-bands"] or not set(ssid["wifi-bands"]) <= bands:
        yield "an SSID on a band without radio"
    if not 1 <= len(ssid["name"].encode()) <= 32:
        yield "an SSID name of another length than 1 to 32 bytes"
    if proto not in _PROTOS or (proto in _PASSPHRASE) != ("key" in encryption):
        yield f"{proto} and its key do not go together"
    if (proto in _RADIUS) != ("radius" in ssid):
        yield f"{proto} and its RADIUS server do not go together"
    if "6G" in ssid["wifi-bands"] and not (proto in _ON_6G and encryption["ieee80211w"] == "required"):
        yield f"{proto} on 6 GHz"


def _radios(document: dict[str, Any], hardware: Hardware) -> Iterator[str]:
    for radio in document["radios"]:
        band, wanted = radio["band"], (radio["channel-mode"], radio["channel-width"])
        can = {(mode, width) for of, mode, width in hardware.modes if of == band}
        if band not in hardware.bands or (can and wanted not in can):
            yield f"{band}: {wanted} is not what this hardware has"
        if band == "5G" and radio["allow-dfs"] and not hardware.dfs:
            yield "radar channels it does not know"


def _subnets(document: dict[str, Any], hardware: Hardware) -> Iterator[str]:
    guests = [part["ipv4"] for part in document["interfaces"] if part["role"] == "downstream"]
    networks = [ip_interface(guest["subnet"]).network for guest in guests]
    if any(one.overlaps(other) for one, other in combinations(networks, 2)):
        yield "guest networks overlap"
    for guest, network in zip(guests, networks, strict=True):
        if guest["dhcp"]["lease-first"] + guest["dhcp"]["lease-count"] > network.num_addresses - 1:
            yield "leases outside the guest network"


def _text(value: Any, hardware: Hardware) -> Iterator[str]:
    """No string may end the line it is written on: access points write them into a command file."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for item in value:
            yield from _text(item, hardware)
    elif (
        isinstance(value, str)
        and not value.isprintable()
        and any(not c.isprintable() and c < " " for c in value)
    ):
        yield f"control characters in {value!r}"
