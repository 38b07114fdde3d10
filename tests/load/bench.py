"""What the hot paths cost, each beside the plainest thing that could do the same.

``python -m tests.load.bench`` prints a table and writes it into docs/performance.md. Times are
this process's CPU time, the best of several rounds: the machine's other work hardly counts.
"""

import asyncio
import base64
import gc
import json
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from devices.rendering.document import render, render_network
from devices.rendering.intent import Hardware, NetworkIntent, Security, SsidIntent, Unit
from outpost.protocol.session import Session
from outpost.store.contract import Connection, Seen
from outpost.store.opening import open_outpost_store
from outpost.store.sealing import Seal
from tests.architecture.source import PROJECT
from tests.servers import Redis

ROUNDS = 5
BATCH = 500  # check-ins the outpost writes at once
SERIAL = "24f5a2000001"
PAGE = PROJECT / "docs" / "performance.md"
START, END = "<!-- make bench writes from here -->\n", "<!-- to here -->\n"


class Measured(NamedTuple):
    """Microseconds of CPU for one, and for one of the plain alternative."""

    what: str
    ours: float
    against: str
    plain: float

    @property
    def row(self) -> str:
        cells = (
            self.what,
            f"{self.ours:.1f}",
            self.against,
            f"{self.plain:.1f}",
            f"{self.ours / self.plain:.2f}",
        )
        return f"| {' | '.join(cells)} |"


def microseconds(act: Callable[[], object], times: int) -> float:
    """CPU time of one call, the best round of several."""
    gc.collect()
    return min(_round(act, times) for _ in range(ROUNDS)) / times * 1e6


def _round(act: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        act()
    return time.process_time() - start


def state(clients: int) -> dict[str, Any]:
    """A state message's params, with so many clients on the air."""
    associations = [
        {"station": f"02:00:00:00:00:{number:02x}", "rssi": -60, "rx_bytes": number * 997, "tx_bytes": 4242}
        | {
            "rx_rate": {"bitrate": 144400, "mcs": 15},
            "tx_rate": {"bitrate": 144400, "mcs": 15},
            "connected": 600,
        }
        for number in range(clients)
    ]
    ssids = [{"ssid": "Lento", "bssid": "24:f5:a2:00:00:02", "associations": associations}]
    unit = {"uptime": 86400, "localtime": 1_700_000_000, "load": [0.1, 0.2, 0.3], "memory": {"total": 2**28}}
    return {
        "serial": SERIAL,
        "uuid": 7,
        "state": {"unit": unit, "interfaces": [{"name": "up", "ssids": ssids}]},
    }


def message(method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode()


def packed(params: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(params).encode()
    return {"compress_64": base64.b64encode(zlib.compress(text)).decode(), "compress_sz": len(text)}


def connected_session() -> Session:
    """A session whose access point said hello and is registered."""
    session = Session(lambda serial: True, address="127.0.0.1", outpost="bench", now=0.0)
    capabilities = {"compatible": "edgecore_eap101", "compress_cmd": True}
    session.receive(
        message("connect", {"serial": SERIAL, "firmware": "1", "uuid": 7, "capabilities": capabilities}), 0.0
    )
    session.registered(1)
    return session


def check_ins() -> list[Measured]:
    small, large = state(1), state(30)
    return [
        _check_in("small", message("state", small)),
        _check_in("large", message("state", large)),
        _check_in("large, compressed", message("state", packed(large))),
    ]


def _check_in(kind: str, frame: bytes) -> Measured:
    session, now = connected_session(), iter(range(10**9))

    def receive() -> None:
        if not session.receive(frame, 60.0 * next(now)):
            raise RuntimeError("the session took no notice of a state message")

    return Measured(
        f"Session hears a {kind} state ({len(frame):,} B)",
        microseconds(receive, 2000),
        "`json.loads` of it" + (" and of what is in it" if "compress_64" in frame.decode() else ""),
        microseconds(lambda: _plainly(frame), 2000),
    )


def _plainly(frame: bytes) -> Any:
    params = json.loads(frame)["params"]
    if "compress_64" in params:
        return json.loads(zlib.decompress(base64.b64decode(params["compress_64"])))
    return params


def rendering() -> list[Measured]:
    """One access point of a large network, beside rendering each by itself."""
    ssids = tuple(
        SsidIntent(
            key=str(number), name=f"Lento {number}", security=Security.WPA2_WPA3, passphrase="espresso 1"
        )
        for number in range(3)
    )
    intent = NetworkIntent(name="Harbour", country="NL", timezone="Europe/Amsterdam", ssids=ssids)
    hardware = Hardware(bands=frozenset({"2G", "5G"}))
    network, unit = render_network(intent), Unit(serial=SERIAL, name="Counter")
    document, seal = network.for_unit(unit, hardware).document, Seal([bytes(32)])
    return [
        Measured(
            f"Render one more access point of a network ({len(document):,} B)",
            microseconds(lambda: network.for_unit(unit, hardware), 2000),
            "rendering it by itself",
            microseconds(lambda: render(intent, unit, hardware), 200),
        ),
        Measured(
            "Compress and seal its document",
            microseconds(lambda: seal.seal(SERIAL, zlib.compress(document)), 1000),
            "compressing alone",
            microseconds(lambda: zlib.compress(document), 1000),
        ),
    ]


async def _store(url: str) -> Measured:
    """The outpost's side of writing check-ins: the server's own CPU is not in it."""
    store = open_outpost_store(url)
    serials = [f"24f5a2{number:06x}" for number in range(BATCH)]
    sessions = await store.connected([_hello(serial) for serial in serials])
    body = json.dumps(state(1)["state"]).encode()
    pairs = zip(serials, sessions, strict=True)
    batch = [Seen(serial=serial, session=session, at=60.0, uuid=7, state=body) for serial, session in pairs]

    async def one_by_one() -> None:
        for seen in batch:
            await store.seen([seen])

    outcome = await store.seen(batch)
    if outcome.unknown or outcome.superseded:
        raise RuntimeError("the live store did not take the check-ins")
    ours = await _cpu(lambda: store.seen(batch))
    plain = await _cpu(one_by_one)
    await store.aclose()
    return Measured(f"Write a check-in, {BATCH} in a batch", ours, "one by one", plain)


def _hello(serial: str) -> Connection:
    return Connection(
        serial=serial,
        outpost="bench",
        uuid=7,
        firmware="1",
        compatible="x",
        compress=True,
        address="",
        at=0.0,
    )


async def _cpu(act: Callable[[], Awaitable[object]]) -> float:
    """Microseconds of CPU for one of a batch."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        await act()
        best = min(best, time.process_time() - start)
    return best / BATCH * 1e6


def table(rows: list[Measured]) -> str:
    head = "| what | µs | beside | µs | ratio |\n|---|---:|---|---:|---:|\n"
    return head + "\n".join(measured.row for measured in rows) + "\n"


def main() -> None:
    with Redis.private() as server:
        rows = [*check_ins(), *rendering(), asyncio.run(_store(f"{server.url}/0"))]
    print(table(rows))
    before, _, rest = PAGE.read_text().partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{START}{table(rows)}{END}{after}")


if __name__ == "__main__":
    main()
