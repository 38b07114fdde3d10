"""Which SSIDs share which network, and how each reaches the uplink.

The access point's renderer wants every (role, VLAN) once, an upstream interface
with a port, and beside each downstream VLAN an upstream one of the same number.
Local Ethernet ports belong to no interface: in a hotel room they would be an open door.
"""

from collections.abc import Iterable
from typing import Any

from devices.rendering.intent import Band, Hardware, SsidIntent
from devices.rendering.ssid_section import entries

# Where guests must not get: private, shared and link-local networks (RFC 1918, 6598, 3927).
_LOCAL_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"]
_Entries = list[dict[str, Any]]


def interfaces(ssids: Iterable[SsidIntent], hardware: Hardware) -> list[dict[str, Any]]:
    """The ``interfaces`` section: the untagged uplink, then the VLANs, then the guest networks."""
    bridged, guest = _by_vlan(ssids, hardware.bands)
    tagged = sorted(vlan for vlan in bridged.keys() | guest.keys() if vlan)
    ports = list(hardware.wan_ports)
    return [
        _uplink(ports, bridged.get(0, [])),
        *(_tagged(ports, vlan, bridged.get(vlan, []), vlan in guest) for vlan in tagged),
        *(_guest(vlan, guest[vlan]) for vlan in sorted(guest)),
    ]


def _by_vlan(
    ssids: Iterable[SsidIntent], bands: frozenset[Band]
) -> tuple[dict[int, _Entries], dict[int, _Entries]]:
    """The entries bridged to each VLAN, and those behind NAT towards each; 0 is untagged."""
    bridged: dict[int, _Entries] = {}
    guest: dict[int, _Entries] = {}
    for ssid in ssids:
        if found := entries(ssid, bands):
            (guest if ssid.guest else bridged).setdefault(ssid.vlan or 0, []).extend(found)
    return bridged, guest


def _uplink(ports: list[str], ssids: _Entries) -> dict[str, Any]:
    """Always there, whatever the SSIDs: without it the access point cuts itself off and answers error 0."""
    return {
        "name": "WAN",
        "role": "upstream",
        "services": ["lldp"],
        "ethernet": [{"select-ports": ports}],
        "ipv4": {"addressing": "dynamic"},
        **_with(ssids),
    }


def _tagged(ports: list[str], vlan: int, ssids: _Entries, has_guests: bool) -> dict[str, Any]:
    """A VLAN on the uplink. It takes an address only where guests leave through it."""
    return {
        "name": f"VLAN {vlan}",
        "role": "upstream",
        "vlan": {"id": vlan},
        "ethernet": [{"select-ports": ports, "vlan-tag": "tagged"}],
        "ipv4": {"addressing": "dynamic" if has_guests else "none"},
        **_with(ssids),
    }


def _guest(vlan: int, ssids: _Entries) -> dict[str, Any]:
    return {
        "name": f"Guest VLAN {vlan}" if vlan else "Guest",
        "role": "downstream",
        **({"vlan": {"id": vlan}} if vlan else {}),
        "isolate-hosts": True,
        "ipv4": {
            "addressing": "static",
            "subnet": guest_subnet(vlan),
            "dhcp": {"lease-first": 10, "lease-count": 1000, "lease-time": "2h"},
            "disallow-upstream-subnet": _LOCAL_NETWORKS,
        },
        **_with(ssids),
    }


def guest_subnet(vlan: int) -> str:
    """The access point's own address in the guest network towards ``vlan`` (0: untagged).

    A /22 out of 10.192.0.0/10, one per VLAN: adding another guest network moves none,
    and few sites use that range. Where one does, the access point moves away by itself.
    """
    return f"10.{192 + vlan // 64}.{vlan % 64 * 4}.1/22"


def _with(ssids: _Entries) -> dict[str, _Entries]:
    return {"ssids": ssids} if ssids else {}
