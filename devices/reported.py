"""What an access point says of itself: its state message as radios and clients.

Source: uCentral's state schema. Every inner field is optional and comes from a
device we do not trust, so whatever is missing or of the wrong type is left out
and never an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from outpost.store.contract import LiveStore, Reported

BSSES = 64  # read of one access point; three radios run 48 at most
CHUNK = 200  # states fetched at once: at most a few MB in memory


@dataclass(frozen=True)
class Radio:
    """``width`` in MHz, ``tx_power`` and ``noise`` in dBm, ``utilisation`` in %, ``temperature`` in °C."""

    band: str
    channel: int | None
    width: int | None
    tx_power: int | None
    utilisation: int | None
    noise: int | None
    temperature: int | None


@dataclass(frozen=True)
class Client:
    """``signal`` in dBm, rates in Mbit/s, traffic in bytes as it sees it, ``connected`` in seconds."""

    mac: str
    ssid: str
    band: str
    signal: int | None
    download_rate: float | None
    upload_rate: float | None
    downloaded: int
    uploaded: int
    connected: int | None
    address: str
    host: str = ""


@dataclass(frozen=True)
class Meter:
    """A counter of traffic, in bytes as clients see it. It has counted for ``age`` seconds, where it says so.

    ``key`` is the same in every message; ``ssid`` is what it counts for.
    """

    key: str
    ssid: str
    downloaded: int
    uploaded: int
    age: int | None = None


@dataclass(frozen=True)
class State:
    """One state message. ``load`` over one minute, ``memory_used`` in percent, ``uptime`` in seconds."""

    radios: tuple[Radio, ...] = ()
    clients: tuple[Client, ...] = ()
    ssids: tuple[str, ...] = ()
    meters: tuple[Meter, ...] = ()
    load: float | None = None
    memory_used: int | None = None
    uptime: int | None = None


def read_state(raw: bytes) -> State:
    """The state message as far as it makes sense; empty when it is no JSON object."""
    try:
        state = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return State()
    bss = list(islice(_all_bss(state), BSSES))
    unit = _object(_object(state).get("unit"))
    return State(
        radios=tuple(_radio(radio) for radio in _objects(_object(state).get("radios"))),
        clients=tuple(_clients(bss, _addresses(state), _hosts(state))),
        ssids=tuple(dict.fromkeys(name for name, _, _ in bss)),
        meters=tuple(meter for ssid, _, one in bss for meter in _meters(ssid, one)),
        load=next(iter(_numbers(unit.get("load"))), None),
        memory_used=_memory_used(_object(unit.get("memory"))),
        uptime=_whole(unit.get("uptime")),
    )


def states(store: LiveStore, serials: list[str]) -> Iterator[tuple[Reported, State]]:
    """Every access point's last report with its state read, fetched in chunks, in the order asked.

    Raises ``StoreUnavailable``.
    """
    for start in range(0, len(serials), CHUNK):
        for reported in store.reported(serials[start : start + CHUNK], with_state=True):
            yield reported, read_state(reported.state)


def _radio(radio: dict[str, Any]) -> Radio:
    survey = _objects(radio.get("survey"))
    return Radio(
        band=next((b for b in _list(radio.get("band")) if isinstance(b, str)), ""),
        channel=_whole(radio.get("channel")),
        width=_whole(radio.get("channel_width")),
        tx_power=_whole(radio.get("tx_power")),
        utilisation=_whole(radio.get("chanUtil")),
        noise=next((n for s in survey if (n := _whole(s.get("noise"))) is not None), None),
        temperature=_whole(radio.get("temperature")),
    )


def _all_bss(state: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(SSID, band, BSS) of every BSS on every interface."""
    for interface in _objects(_object(state).get("interfaces")):
        for bss in _objects(interface.get("ssids")):
            yield _text(bss.get("ssid")), _text(bss.get("band")), bss


def _clients(
    bss: list[tuple[str, str, dict[str, Any]]], addresses: dict[str, str], hosts: dict[str, str]
) -> Iterator[Client]:
    for ssid, band, one in bss:
        for station in _objects(one.get("associations")):
            mac = _text(station.get("station")).lower()
            if mac:
                yield _client(station, mac, ssid, band, addresses.get(mac, ""), hosts.get(mac, ""))


def _client(station: dict[str, Any], mac: str, ssid: str, band: str, address: str, host: str) -> Client:
    """The access point's transmission is the client's download."""
    return Client(
        mac=mac,
        ssid=ssid,
        band=band,
        signal=_whole(station.get("rssi")),
        download_rate=_rate(station.get("tx_rate")),
        upload_rate=_rate(station.get("rx_rate")),
        downloaded=_whole(station.get("tx_bytes")) or 0,
        uploaded=_whole(station.get("rx_bytes")) or 0,
        connected=_whole(station.get("connected")),
        address=address,
        host=host,
    )


def _meters(ssid: str, bss: dict[str, Any]) -> Iterator[Meter]:
    """What the BSS counted, else what it counted for each client, where it keeps no total."""
    bssid, counted = _text(bss.get("bssid")).lower(), _object(bss.get("counters"))
    if "tx_bytes" in counted or "rx_bytes" in counted:
        yield Meter(bssid, ssid, _bytes(counted.get("tx_bytes")), _bytes(counted.get("rx_bytes")))
        return
    for station in _objects(bss.get("associations")):
        down, up = _bytes(station.get("tx_bytes")), _bytes(station.get("rx_bytes"))
        yield Meter(
            f"{bssid} {_text(station.get('station')).lower()}",
            ssid,
            down,
            up,
            _whole(station.get("connected")),
        )


def _bytes(value: Any) -> int:
    return max(0, _whole(value) or 0)


def _addresses(state: Any) -> dict[str, str]:
    """MAC to first IPv4 (else IPv6) address, of the neighbours the interfaces know."""
    found = {}
    for interface in _objects(_object(state).get("interfaces")):
        for neighbour in _objects(interface.get("clients")):
            known = [*_list(neighbour.get("ipv4_addresses")), *_list(neighbour.get("ipv6_addresses"))]
            found[_text(neighbour.get("mac")).lower()] = next((a for a in known if isinstance(a, str)), "")
    return found


def _hosts(state: Any) -> dict[str, str]:
    """MAC to the name it gave when it asked for an address, of the leases the interfaces know."""
    return {
        _text(lease.get("mac")).lower(): _text(lease.get("hostname"))
        for interface in _objects(_object(state).get("interfaces"))
        for lease in _objects(_object(interface.get("ipv4")).get("leases"))
    }


def _rate(value: Any) -> float | None:
    """uCentral counts bit rates in kbit/s."""
    kbps = _number(_object(value).get("bitrate"))
    return None if kbps is None else kbps / 1000


def _memory_used(memory: dict[str, Any]) -> int | None:
    total, free = _number(memory.get("total")), _number(memory.get("free"))
    if not total or free is None:
        return None
    spare = free + sum(_number(memory.get(name)) or 0 for name in ("cached", "buffered"))
    return max(0, min(100, round(100 * (total - spare) / total)))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _text(value: Any) -> str:
    return value[:64] if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**62
    return value if usable else None


def _numbers(value: Any) -> list[float]:
    return [n for item in _list(value) if (n := _number(item)) is not None]


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else round(number)
