"""The `state` message: what an access point says of itself. Pure.

Shapes follow the uCentral state schema; counters only grow while the device is up; bit rates are in
kbit/s, signal in dBm, survey times in ms, memory in bytes. Hostnames are in the interface's leases.
"""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any
from zlib import crc32

from devices.simulation.air import Air, Bss, Interface, RadioOnAir
from devices.simulation.clients import Client, Crowd, Traffic
from devices.simulation.hardware import Hardware, frequency

#: 802.11ax, 20 MHz, one stream, 0.8 µs guard interval: kbit/s by MCS (IEEE 802.11ax table 27-111).
_HE20 = (8600, 17200, 25800, 34400, 51600, 68800, 77400, 86000, 103200, 114700, 129000, 143400)
_WIDTH_FACTOR = {20: 1.0, 40: 2.0, 80: 4.188, 160: 8.376, 320: 16.75}
_MEMORY = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a device: who, when (Unix seconds), up since when, with which dice."""

    serial: str
    hardware: Hardware
    air: Air
    crowd: Crowd
    booted: float
    now: float
    rng: Random

    @property
    def uptime(self) -> int:
        return max(0, int(self.now - self.booted))


def state(look: Look) -> dict[str, Any]:
    """The `state` object of a `state` message."""
    return {
        "version": 1,
        "unit": unit(look),
        "radios": [radio(one, look) for one in look.air.radios],
        "interfaces": [interface(one, look) for one in look.air.interfaces],
        "link-state": {"upstream": {port: _link(look) for port in look.hardware.wan}},
    }


def unit(look: Look) -> dict[str, Any]:
    busy = 0.08 + 0.02 * len(look.crowd.clients)
    load = [round(busy * look.rng.uniform(0.7, 1.4), 2) for _ in range(3)]
    free = int(_MEMORY * (0.52 - 0.004 * len(look.crowd.clients)) * look.rng.uniform(0.97, 1.0))
    return {
        "load": load,
        "cpu_load": [round(100 * load[0] / 4) for _ in range(2)],
        "localtime": int(look.now),
        "boottime": int(look.booted),
        "uptime": look.uptime,
        "memory": {"total": _MEMORY, "free": free, "cached": _MEMORY // 9, "buffered": _MEMORY // 60},
        "temperature": [look.rng.randint(47, 52), look.rng.randint(53, 58)],
    }


def radio(on: RadioOnAir, look: Look) -> dict[str, Any]:
    used = min(
        95, _neighbours(on, look.serial) + 3 * sum(c.bss.radio == on.index for c in look.crowd.clients)
    )
    used = max(1, used + look.rng.randint(-2, 2))
    channels = channel_block(on)
    return {
        "phy": on.radio.path,
        "band": [on.radio.band],
        "channel": on.channel,
        "channels": channels,
        "frequency": [frequency(on.radio.band, channel) for channel in channels],
        "channel_width": on.width,
        "tx_power": on.tx_power,
        "temperature": look.rng.randint(50, 61),
        "chanUtil": used,
        "survey": [_survey(on, used, look)],
    }


def _neighbours(on: RadioOnAir, serial: str) -> int:
    """How busy the air is without us, in percent: crowded on 2.4 GHz, empty on 6 GHz."""
    return {"2G": 24, "5G": 8, "6G": 2}[on.radio.band] + crc32(f"{serial}{on.channel}".encode()) % 12


def _survey(on: RadioOnAir, used: int, look: Look) -> dict[str, Any]:
    time = look.uptime * 1000
    busy = time * used // 100
    return {
        "frequency": frequency(on.radio.band, on.channel),
        "noise": {"2G": -93, "5G": -98, "6G": -100}[on.radio.band] + look.rng.randint(-2, 2),
        "time": time,
        "busy": busy,
        "time_rx": busy * 6 // 10,
        "time_tx": busy * 3 // 10,
    }


def channel_block(on: RadioOnAir) -> list[int]:
    """The 20 MHz channels a radio occupies: `36, 40, 44, 48` for channel 40 at 80 MHz."""
    if on.width <= 20:
        return [on.channel]
    if on.radio.band == "2G":
        return [on.channel, on.channel + 4 if on.channel <= 7 else on.channel - 4]
    first = {"5G": 149 if on.channel >= 149 else 36, "6G": 1}[on.radio.band]
    size = on.width // 20
    start = first + (on.channel - first) // 4 // size * size * 4
    return [start + 4 * index for index in range(size)]


def interface(one: Interface, look: Look) -> dict[str, Any]:
    clients = [client for client in look.crowd.clients if client.bss in one.bsses]
    told: dict[str, Any] = {
        "location": one.location,
        "name": one.name,
        "uptime": look.uptime,
        "counters": _interface_counters(one, look),
        "ssids": [_bss(bss, clients, look) for bss in one.bsses],
        "clients": [_neighbour(client, one) for client in clients],
    }
    if one.address:
        told["ipv4"] = _ipv4(one, clients)
    return told


def _ipv4(one: Interface, clients: list[Client]) -> dict[str, Any]:
    told: dict[str, Any] = {"addresses": [one.address], "leases": [_lease(client, one) for client in clients]}
    if one.role == "upstream":
        gateway = ".".join(map(str, (_network(one.address)[0] + 1).to_bytes(4, "big")))
        told |= {"leasetime": 43200, "dhcp_server": gateway}
    return told


def _lease(client: Client, one: Interface) -> dict[str, Any]:
    return {
        "mac": client.mac,
        "hostname": client.hostname,
        "address": client_address(client, one),
        "assigned": str(int(client.joined)),
    }


def _neighbour(client: Client, one: Interface) -> dict[str, Any]:
    return {
        "mac": client.mac,
        "ipv4_addresses": [client_address(client, one)],
        "ports": [client.bss.iface],
        "last_seen": 0,
    }


def client_address(client: Client, one: Interface) -> str:
    """Where the client sits in the interface's network; bridged ones without an address sit in 10/8."""
    first, size = _network(one.address or f"10.{one.vlan % 250}.0.1/24")
    place = min(10 + crc32(client.mac.encode()) % max(1, size - 14), size - 1)
    return ".".join(map(str, (first + place).to_bytes(4, "big")))


@lru_cache(maxsize=4096)
def _network(address: str) -> tuple[int, int]:
    """The first address, as a number, and the size of the network of an address in prefix notation."""
    network = ipaddress.IPv4Interface(address).network
    return int(network.network_address), network.num_addresses


def _bss(bss: Bss, clients: list[Client], look: Look) -> dict[str, Any]:
    mine = [client for client in clients if client.bss == bss]
    on = next(one for one in look.air.radios if one.index == bss.radio)
    place = look.air.radios.index(on)
    return {
        "ssid": bss.ssid,
        "bssid": bss.bssid,
        "band": bss.band,
        "mode": "ap",
        "iface": bss.iface,
        "phy": on.radio.path,
        "location": bss.location,
        "radio": {"$ref": f"#/radios/{place}"},
        "counters": _counters(_total(bss, mine, look)),
        "associations": [_association(client, on, look) for client in mine],
    }


def _total(bss: Bss, clients: list[Client], look: Look) -> Traffic:
    total = list(look.crowd.departed.get(bss.iface, (0, 0, 0, 0)))
    for client in clients:
        total = [one + other for one, other in zip(total, client.traffic, strict=True)]
    return total


def _counters(traffic: Traffic) -> dict[str, int]:
    names = ("rx_bytes", "tx_bytes", "rx_packets", "tx_packets")
    return dict(zip(names, traffic, strict=True))


def _interface_counters(one: Interface, look: Look) -> dict[str, int]:
    """What crossed it: Wi-Fi traffic, and a little of the access point's own on the way up."""
    own = look.uptime if one.role == "upstream" and not one.vlan else 0
    total = [own * 180, own * 260, own // 2, own // 2]
    for bss in one.bsses:
        clients = [client for client in look.crowd.clients if client.bss == bss]
        total = [was + more for was, more in zip(total, _total(bss, clients, look), strict=True)]
    return _counters(total) | {"rx_errors": 0, "tx_errors": 0, "rx_dropped": 0, "tx_dropped": 0}


def _association(client: Client, on: RadioOnAir, look: Look) -> dict[str, Any]:
    rx, tx, rx_packets, tx_packets = client.traffic
    return {
        "station": client.mac,
        "bssid": client.bss.bssid,
        "rssi": client.rssi,
        "ack_signal": client.rssi - 1,
        "connected": max(0, int(look.now - client.joined)),
        "inactive": look.rng.randint(0, 9),
        "rx_bytes": rx,
        "tx_bytes": tx,
        "rx_packets": rx_packets,
        "tx_packets": tx_packets,
        "tx_retries": tx_packets // 60,
        "tx_failed": tx_packets // 9000,
        "rx_rate": rate(client.rssi - 3, on.width, client.streams),
        "tx_rate": rate(client.rssi, on.width, client.streams),
    }


def rate(rssi: int, width: int, streams: int) -> dict[str, Any]:
    """The rate a client reaches at this signal: MCS 0 at -82 dBm, one more every 3 dB, at most 11."""
    mcs = max(0, min(11, (rssi + 82) // 3))
    bitrate = int(_HE20[mcs] * _WIDTH_FACTOR[width] * streams)
    return {"bitrate": bitrate, "mcs": mcs, "nss": streams, "chwidth": width, "he": True}


def _link(look: Look) -> dict[str, Any]:
    return {"carrier": True, "speed": 1000, "duplex": "full"}
