"""The people on an access point's Wi-Fi: who they are, when they come and go, what they move. Pure.

The same people return to the same access point (their MAC addresses follow from its serial), stay
twenty minutes on average, and move bytes at a pace of their own. Time and dice are handed in.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Any

from devices.simulation.air import Air, Bss

MEAN_STAY = 1200.0  # seconds
#: How long people take to find a network that has room for them: their devices know it already.
RETURN = 30.0  # seconds
#: Nobody's share of a crowd grows beyond this many times the mean.
MOST = 2

#: Hostname pattern, bands the device can use best first, spatial streams, mean bytes/s down and up.
KINDS: tuple[tuple[str, tuple[str, ...], int, int, int], ...] = (
    ("iPhone-{0:02x}", ("6G", "5G", "2G"), 2, 60_000, 9_000),
    ("Galaxy-S{0:02x}", ("6G", "5G", "2G"), 2, 50_000, 8_000),
    ("MacBook-Pro-{0:02x}", ("6G", "5G", "2G"), 2, 220_000, 40_000),
    ("DESKTOP-{0:04X}", ("5G", "2G"), 2, 160_000, 30_000),
    ("Pixel-{0:02x}", ("6G", "5G", "2G"), 2, 40_000, 7_000),
    ("iPad-{0:02x}", ("5G", "2G"), 2, 90_000, 6_000),
    ("printer-{0:03x}", ("2G", "5G"), 1, 400, 200),
    ("ESP-{0:04X}", ("2G",), 1, 60, 90),
)

Traffic = list[int]  # rx bytes, tx bytes, rx packets, tx packets; rx is what the access point received


@dataclass(slots=True)
class Client:
    """One associated station."""

    number: int
    mac: str
    hostname: str
    bss: Bss
    joined: float
    rssi: int
    streams: int
    pace: tuple[int, int]
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Movement:
    """Somebody joined or left: the payload of a `client.join` or `client.leave` event."""

    kind: str
    client: Client
    channel: int

    def payload(self) -> dict[str, Any]:
        bss = self.client.bss
        told: dict[str, Any] = {"client": self.client.mac, "ssid": bss.ssid, "bssid": bss.bssid}
        if self.kind == "client.leave":
            moved = self.client.traffic
            return {**told, "band": bss.band, "rx_bytes": moved[0], "tx_bytes": moved[1]}
        return {**told, "channel": self.channel, "band": bss.band, "rssi": self.client.rssi}


class Crowd:
    """Who is associated with one access point; `moment` is Unix seconds of the last look."""

    __slots__ = ("base", "clients", "departed", "moment", "serial")

    def __init__(self, serial: str, mean: float, now: float):
        self.serial = serial
        self.base = mean * (0.4 + 1.2 * _noise(f"{serial}crowd"))
        self.clients: list[Client] = []
        self.departed: dict[str, Traffic] = {}
        self.moment = now

    def advance(self, air: Air, now: float, rng: Random) -> list[Movement]:
        """Lets the time since the last look pass."""
        elapsed, self.moment = max(0.0, now - self.moment), now
        channels = {one.index: one.channel for one in air.radios}
        movements = list(self._leave(air, elapsed, rng))
        for client in self.clients:
            _move_bytes(client, elapsed, rng)
        movements += self._join(air, now, elapsed, rng)
        return [Movement(kind, client, channels.get(client.bss.radio, 0)) for kind, client in movements]

    def kick(self, mac: str, air: Air) -> list[Movement]:
        """The client with this address goes; it may come back like anybody else."""
        channels = {one.index: one.channel for one in air.radios}
        gone = [client for client in self.clients if client.mac == mac.lower()]
        for client in gone:
            self.clients.remove(client)
            self._keep_traffic(client)
        return [Movement("client.leave", one, channels.get(one.bss.radio, 0)) for one in gone]

    def _leave(self, air: Air, elapsed: float, rng: Random) -> Iterator[tuple[str, Client]]:
        gone = 1 - math.exp(-elapsed / MEAN_STAY)
        there = {(bss.ssid, bss.band, bss.location): bss for bss in air.bsses}
        staying = []
        for client in self.clients:
            bss = there.get((client.bss.ssid, client.bss.band, client.bss.location))
            if bss is None or rng.random() < gone:
                self._keep_traffic(client)
                yield "client.leave", client
            else:
                client.bss = bss
                staying.append(client)
        self.clients = staying

    def _keep_traffic(self, client: Client) -> None:
        kept = self.departed.setdefault(client.bss.iface, [0, 0, 0, 0])
        for index, amount in enumerate(client.traffic):
            kept[index] += amount

    def _join(self, air: Air, now: float, elapsed: float, rng: Random) -> Iterator[tuple[str, Client]]:
        room = math.ceil(MOST * self.base) - len(self.clients)
        missing = max(0.0, self.base - len(self.clients))
        expected = elapsed * self.base / MEAN_STAY + missing * (1 - math.exp(-elapsed / RETURN))
        for _ in range(min(room, _poisson(expected, rng))):
            client = self._arrival(self._free_number(rng), air, now, rng)
            if client:
                self.clients.append(client)
                yield "client.join", client

    def _free_number(self, rng: Random) -> int:
        taken = {client.number for client in self.clients}
        return rng.choice([number for number in range(2 * len(taken) + 8) if number not in taken])

    def _arrival(self, number: int, air: Air, now: float, rng: Random) -> Client | None:
        pattern, bands, streams, down, up = KINDS[int(_noise(f"{self.serial}{number}kind") * len(KINDS))]
        choices = [bss for bss in air.bsses if bss.band in bands]
        if not choices:
            return None
        best = min(bands.index(bss.band) for bss in choices)
        bss = rng.choice([bss for bss in choices if bands.index(bss.band) == best])
        mac = client_mac(self.serial, number)
        hostname = pattern.format(int(mac[-5:].replace(":", ""), 16) & (0xFF if "02x" in pattern else 0xFFFF))
        return Client(number, mac, hostname, bss, now, rng.randint(-74, -42), streams, (down, up), [0] * 4)


def client_mac(serial: str, number: int) -> str:
    """A randomised (locally administered) address, as phones use them; the same for the same person."""
    octets = bytearray(blake2b(f"{serial}:{number}".encode(), digest_size=6).digest())
    octets[0] = octets[0] & 0xFC | 0x02
    return ":".join(f"{octet:02x}" for octet in octets)


def _noise(seed: str) -> float:
    """A number in [0, 1) that belongs to `seed` for ever."""
    return int.from_bytes(blake2b(seed.encode(), digest_size=4).digest(), "big") / 2**32


def _poisson(mean: float, rng: Random) -> int:
    """How many of something rare happened (Knuth's product of uniforms; the means here are small)."""
    limit, count, product = math.exp(-min(mean, 30.0)), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def _move_bytes(client: Client, elapsed: float, rng: Random) -> None:
    down, up = (int(pace * elapsed * rng.uniform(0.1, 1.9)) for pace in client.pace)
    client.rssi = max(-82, min(-35, client.rssi + rng.randint(-2, 2)))
    traffic = client.traffic
    traffic[0] += up
    traffic[1] += down
    traffic[2] += up // 400 + 1
    traffic[3] += down // 1100 + 1
