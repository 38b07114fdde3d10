"""The live store on Redis: check-ins and facts in batches, beside bare pipelined commands."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
import uvloop

from outpost.store.contract import Connection, Desired, Fact, OutpostStore, Seen, fact_id
from outpost.store.opening import open_live_store, open_outpost_store
from tests.load import samples
from tests.load.findings import Findings, Spread, Table
from tests.load.raw_redis import RawRedis
from tests.load.turns import read_clocks
from tests.servers import Redis

ACCESS_POINTS = 10_000
BATCH = 500
ROUNDS = 3
OUTPOST, GROUP = "bench", "bench"
T = TypeVar("T")


def measure(scale: float = 1.0) -> Findings:
    count = max(10, int(ACCESS_POINTS * scale))
    with Redis.private() as server, bench(server, count) as one:
        seen = one.time({"`seen`": one.seen, "floor: SET of the state": one.set_states})
        alone = one.time(
            {"`seen` in batches of one": one.seen_alone, "floor: SET, one by one": one.set_alone}
        )
        facts = one.time(
            {
                "`append_facts`": one.append,
                "floor: XADD": one.raw_append,
                "`read_facts`, `acknowledge`": one.read,
                "floor: XREADGROUP, XACK, XDEL": one.raw_read,
            }
        )
    sample = (
        f"{count:,} access points, states of {len(one.state)} bytes, facts of {len(one.fact)}, "
        f"batches of {BATCH}, one client and Redis on the same cores; {ROUNDS} rounds: median (least–most)."
    )
    return Findings(sample, [_table({**seen, **alone}), _table(facts)])


def _table(timed: dict[str, list[Spread]]) -> Table:
    """Each pair is one of ours and its floor."""
    rows: list[list[object]] = []
    pairs = list(timed.items())
    for (name, ours), (floor_name, floor) in zip(pairs[::2], pairs[1::2], strict=True):
        rows += [_row(name, ours, ours[0].times(floor[0])), _row(floor_name, floor, "1×")]
    columns = ("each", "client CPU, µs", "Redis CPU, µs", "wall, µs", "per second", "client CPU ÷ floor")
    return Table(columns, rows)


def _row(name: str, clocks: Sequence[Spread], ratio: str) -> list[object]:
    return [name, *clocks, f"{1e6 / clocks[-1].median:,.0f}", ratio]


@contextlib.contextmanager
def bench(server: Redis, count: int) -> Iterator["Bench"]:
    """A bench on this server, its access points claimed and connected."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, RawRedis.connected(server.port) as raw:
        one = Bench(server.url, raw, runner, count)
        yield one
        one.close()


class Bench:
    """Every contestant, each doing the same number of things in batches."""

    def __init__(self, url: str, raw: RawRedis, runner: asyncio.Runner, count: int) -> None:
        self._raw, self._run = raw, runner.run
        self._store: OutpostStore = open_outpost_store(url)
        self._live = open_live_store(url)
        self.state = samples.frames.dump(samples.small_state()["state"])
        self.fact = msgspec.json.encode(_fact("02ae51000001"))
        self._serials = [f"{0x02AE51000000 + n:012x}" for n in range(count)]
        self._sessions = dict(zip(self._serials, self._claim_and_connect(), strict=True))
        raw.ask([("XGROUP", "CREATE", "floor", GROUP, "0", "MKSTREAM")])

    def close(self) -> None:
        self._live.close()
        self._run(self._store.aclose())

    def time(self, contestants: dict[str, Callable[[], object]]) -> dict[str, list[Spread]]:
        """µs each: CPU here, CPU of the server, time that passed."""
        clocks = [time.process_time, self._raw.cpu, time.perf_counter]
        return read_clocks(contestants, len(self._serials), clocks, ROUNDS)

    def _claim_and_connect(self) -> list[int]:
        self._live.put_desired(Desired(serial, 1, "", b"", "1") for serial in self._serials)
        said = [
            Connection(serial, OUTPOST, 1, "firmware", "model", True, "192.0.2.7", time.time())
            for serial in self._serials
        ]
        return self._run(self._store.connected(said))

    def seen(self) -> None:
        now = time.time()
        for serials in _batches(self._serials):
            batch = [Seen(serial, self._sessions[serial], now, 1, self.state) for serial in serials]
            outcome = self._run(self._store.seen(batch))
            assert not outcome.unknown
            assert not outcome.superseded

    def set_states(self) -> None:
        for serials in _batches(self._serials):
            self._raw.ask(("SET", f"floor:{serial}", self.state) for serial in serials)

    def seen_alone(self) -> None:
        """What a round trip for every check-in would cost."""
        now = time.time()
        for serial, session in self._sessions.items():
            self._run(self._store.seen([Seen(serial, session, now, 1, self.state)]))

    def set_alone(self) -> None:
        for serial in self._serials:
            self._raw.ask([("SET", f"floor:{serial}", self.state)])

    def append(self) -> None:
        for serials in _batches(self._serials):
            self._run(self._store.append_facts([_fact(serial) for serial in serials]))

    def raw_append(self) -> None:
        for serials in _batches(self._serials):
            self._raw.ask(("XADD", "floor", "*", "d", self.fact) for _ in serials)

    def read(self) -> None:
        left = len(self._serials)
        while left:
            facts = self._live.read_facts(OUTPOST, BATCH)
            self._live.acknowledge(facts)
            left -= len(facts)

    def raw_read(self) -> None:
        left = len(self._serials)
        reading = ("XREADGROUP", "GROUP", GROUP, OUTPOST, "COUNT", BATCH, "STREAMS", "floor", ">")
        while left:
            ((_, entries),) = self._raw.ask([reading])[0]
            ids = [entry[0] for entry in entries]
            self._raw.ask([("XACK", "floor", GROUP, *ids), ("XDEL", "floor", *ids)])
            left -= len(ids)


def _fact(serial: str) -> Fact:
    told: dict[str, Any] = {"uuid": 1_800_000_000, "rejected": []}
    return Fact(fact_id(), "applied", serial, samples.NOW, 1_800_000_000_000_000, told)


def _batches(many: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(many)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch
