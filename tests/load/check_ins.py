"""The check-in service: connects, states, pings, memory and a push to everybody, beside a bare server."""

import time
from dataclasses import dataclass, field
from statistics import median

from tests.load import contestants, fleet, processes, samples
from tests.load.contestants import Contestant
from tests.load.findings import Findings, Goal, Spread, Table, number
from tests.load.remote import Remote

ACCESS_POINTS = 2_000
BUSY, CALM = 4_000, 200  # states per second of all together
SECONDS = 10.0  # of each steady state
PORTIONS = 10  # in which they connect one after the other, before they do all at once
TIMES = 3  # that they connect, and that a configuration is pushed
WARM_UP = 0.1  # of them connect beforehand: figures are those of a server that runs already
NUMBER = 1_800_000_000  # of the first configuration that is pushed
C_FLOOR = 3.9  # µs of CPU per message of a C server on epoll, measured when Aerie was designed
COLUMNS = ("", "outpost", "floor", "outpost ÷ floor")


@dataclass
class Steady:
    """A stretch of time in which everybody reports. Rates per second, CPU in µs, pings in s."""

    states: float
    pings: float
    bytes_each: float
    cpu_each: float
    generator: float  # cores
    ping_p50: float
    ping_p99: float


@dataclass
class Figures:
    """All of one server. Times in s, CPU in µs, memory in bytes per connection."""

    connects: list[float] = field(default_factory=list)
    registrations: list[float] = field(default_factory=list)
    cpu_connect: list[float] = field(default_factory=list)
    memory: float = 0.0
    memory_burst: float = 0.0
    memory_busy: float = 0.0
    applied: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    steady: dict[str, Steady] = field(default_factory=dict)


def measure(scale: float = 1.0) -> Findings:
    count = max(10, int(ACCESS_POINTS * scale))
    seconds = max(1.0, SECONDS * min(1.0, scale))
    pace = min(1.0, scale)
    with contestants.counting() as server:
        floor = _measure(server, count, seconds, pace)
    with contestants.outpost(count + _warm(count)) as server:
        ours = _measure(server, count, seconds, pace)
    sample = (
        f"{count:,} access points connect at once, {TIMES} times, to a process that already has "
        f"{_warm(count):,}. "
        f"Each steady state lasts {seconds:g} s. The configuration pushed has "
        f"{len(samples.configuration(fleet.HARDWARE)):,} bytes, {TIMES} times: median (least–most). CPU and "
        "memory are of the one server process; Redis and the access points run beside it."
    )
    return Findings(
        sample, [_once(ours, floor), _steady(ours, floor)], _goals(ours, floor, count) if scale >= 1 else []
    )


def _warm(count: int) -> int:
    return max(1, int(count * WARM_UP))


def _measure(server: Contestant, count: int, seconds: float, pace: float) -> Figures:
    found = Figures()
    everybody = _warm(count) + count
    with Remote("tests.load.fleet", server.url) as generator:
        _connect(server, generator, count, found)
        generator.ask("renew")
        before = processes.resident(server.pid)
        for name, rate in (("busy", BUSY * pace), ("calm", CALM * pace)):
            generator.ask("report", interval=everybody / rate)
            found.steady[f"{name}, factory settings"] = _watch(server, generator, seconds)
        found.memory_busy = found.memory_burst + (processes.resident(server.pid) - before) / everybody
        generator.ask("report", interval=86_400)
        for pushed in range(TIMES):
            _push(server, generator, everybody, pushed, found)
        generator.ask("renew")
        generator.ask("report", interval=everybody / (BUSY * pace))
        found.steady["busy, five SSIDs, packed"] = _watch(server, generator, seconds)
    return found


def _connect(server: Contestant, generator: Remote, count: int, found: Figures) -> None:
    warm, portion = _warm(count), count // PORTIONS
    generator.ask("dial", count=warm)
    server.registered(warm)
    memory = processes.resident(server.pid)
    for done in range(1, PORTIONS + 1):
        generator.ask("dial", count=portion)
        server.registered(warm + done * portion)
    found.memory = (processes.resident(server.pid) - memory) / (PORTIONS * portion)
    generator.ask("leave", groups=PORTIONS)
    for done in range(1, TIMES + 1):
        _dial(server, generator, count, warm + PORTIONS * portion + done * count, found)
        if done < TIMES:
            generator.ask("leave", groups=1)
    found.memory_burst = (processes.resident(server.pid) - memory) / count


def _dial(server: Contestant, generator: Remote, count: int, total: int, found: Figures) -> None:
    cpu = processes.cpu(server.pid)
    told = generator.ask("dial", count=count)
    assert told["failed"] == 0, f"{told['failed']} of {count} connects failed"
    found.connects.append((told["ended"] - told["began"]) * 1e3)
    found.registrations.append((server.registered(total) - told["began"]) * 1e3)
    found.cpu_connect.append((processes.cpu(server.pid) - cpu) * 1e6 / count)


def _watch(server: Contestant, generator: Remote, seconds: float) -> Steady:
    time.sleep(min(2.0, seconds / 4))  # until the new interval has settled
    before, began = generator.ask("forget"), time.monotonic()
    cpu, theirs = processes.cpu(server.pid), processes.cpu(generator.pid)
    time.sleep(seconds)
    while (after := generator.ask("figures"))["states"] == before["states"]:
        time.sleep(0.1)
    cpu, theirs = processes.cpu(server.pid) - cpu, processes.cpu(generator.pid) - theirs
    lasted = time.monotonic() - began
    assert after["drops"] == 0, f"{after['drops']} connections were dropped"
    states = after["states"] - before["states"]
    return Steady(
        states=states / lasted,
        pings=after["count"] / lasted,
        bytes_each=(after["bytes_sent"] - before["bytes_sent"]) / states,
        cpu_each=cpu * 1e6 / (states + after["count"]),
        generator=theirs / lasted,
        ping_p50=after["p50"] or 0.0,
        ping_p99=after["p99"] or 0.0,
    )


def _push(server: Contestant, generator: Remote, everybody: int, number: int, found: Figures) -> None:
    began = server.push(everybody, NUMBER + number)
    found.applied.append((generator.ask("applied", times=number + 1)["ended"] - began) * 1e3)
    found.acknowledged.append((server.acknowledged(everybody) - began) * 1e3)


def _once(ours: Figures, floor: Figures) -> Table:
    rows = [
        _beside("all at once, until the last is accepted, ms", ours.connects, floor.connects),
        _beside("until the last is registered and told of, ms", ours.registrations, floor.registrations),
        _beside("CPU per connect with its three messages, µs", ours.cpu_connect, floor.cpu_connect),
        _line("memory per connection, KiB", ours.memory / 1024, floor.memory / 1024),
        _line("… after all came at once, KiB", ours.memory_burst / 1024, floor.memory_burst / 1024),
        _line("… after two steady states, KiB", ours.memory_busy / 1024, floor.memory_busy / 1024),
        _beside("push to everybody, until the last has applied it, ms", ours.applied, floor.applied),
        _beside("until the last answer is recorded, ms", ours.acknowledged, floor.acknowledged),
    ]
    return Table(COLUMNS, rows)


def _beside(words: str, mine: list[float], bare: list[float]) -> tuple[object, ...]:
    ours, floor = Spread(tuple(mine)), Spread(tuple(bare))
    return words, ours, floor, ours.times(floor)


def _steady(ours: Figures, floor: Figures) -> Table:
    rows = []
    for name, mine in ours.steady.items():
        bare = floor.steady[name]
        load = f"{mine.states:,.0f} states of {mine.bytes_each:,.0f} bytes and {mine.pings:,.0f} pings/s"
        rows.append(_line(f"**{name}**: {load}, CPU per message, µs", mine.cpu_each, bare.cpu_each))
        rows.append(_line("… ping p50, ms", mine.ping_p50 * 1e3, bare.ping_p50 * 1e3))
        rows.append(_line("… ping p99, ms", mine.ping_p99 * 1e3, bare.ping_p99 * 1e3))
        rows.append(_line("… cores the generator used", mine.generator, bare.generator))
    return Table(COLUMNS, rows)


def _line(words: str, mine: float, bare: float) -> tuple[str, ...]:
    return words, number(mine), number(bare), f"{number(mine / bare)}×" if bare > 0 else "–"


def _goals(ours: Figures, floor: Figures, count: int) -> list[Goal]:
    """Those of larger fleets in proportion, and beside the floor: the generator is on the same cores."""
    busy, packed = ours.steady["busy, factory settings"], ours.steady["busy, five SSIDs, packed"]
    everybody = count + _warm(count)
    connected, recorded = median(ours.connects) / 1e3, median(ours.acknowledged) / 1e3
    bare = [f"the floor takes {number(median(one) / 1e3)} s" for one in (floor.connects, floor.acknowledged)]
    return [
        Goal(f"{count:,} connects at once ({bare[0]}; 8,000 in 3 s)", 3 * count / 8_000, connected, "s"),
        Goal(f"CPU per plain state, six times a C server's {C_FLOOR} µs", 6 * C_FLOOR, busy.cpu_each, "µs"),
        Goal("memory per idle connection", 10, ours.memory / 1024, "KiB"),
        Goal("ping p99 while busy", 100, 1e3 * max(busy.ping_p99, packed.ping_p99), "ms"),
        Goal(f"push to {everybody:,} ({bare[1]}; 10,000 in 2 s)", everybody / 5_000, recorded, "s"),
    ]
