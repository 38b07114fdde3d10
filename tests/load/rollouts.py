"""Rollouts: what a decision costs, what a look at a wave asks of MySQL, and how long a due one waits."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import median
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import Organisation, User
from devices.models import AccessPoint, Command, FirmwareImage, Link, Network, Rollout
from devices.models.firmware import ImageState
from devices.rendering.intent import NetworkIntent
from devices.rollouts.decide import Budget, OpenWave, Snapshot, WaveCount, decide
from devices.rollouts.judge import Attempt, Heard, judge
from devices.rollouts.windows import Window, may_start_next
from devices.upgrading import planning
from devices.upgrading.advancing import advance
from devices.upgrading.delivering import deliver
from devices.upgrading.terms import Terms
from tests.load.findings import Findings, Goal, Table, number
from tests.load.publishing import statements
from tests.load.turns import elapsed, take_turns
from tests.night.fleet import Flashed
from tests.night.rehearsal import Place, Script, rehearsal

SIZES = (1_000, 5_000)  # access points of a wave
DECISIONS = 20_000
HARDWARE, OLD, NEW = "edgecore_eap101", "OpenWrt 25.12 / TIP-v4.0.0", "OpenWrt 25.12 / TIP-v4.2.0"
NOW = datetime(2026, 11, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
COLUMNS = ("access points", "SQL statements", "per 1,000", "CPU here, s", "wall, s")
WAITING = 500  # access points of the rollout whose first command is waited for


def measure(scale: float = 1.0, *, with_processes: bool = True) -> Findings:
    counts = [max(20, int(size * scale)) for size in SIZES]
    sites = [Site(count) for count in counts]
    rows = [row for site in sites for row in site.measure()]
    tables = [_decisions(max(100, int(DECISIONS * scale))), Table(COLUMNS, rows)]
    sample = (
        "One wave, all of it due at once and its windows open; a look is one task's work. Statements are "
        "those the server counted, BEGIN and COMMIT included."
    )
    goals = [
        Goal(
            f"SQL to claim a wave of {counts[1]:,}, per 1,000",
            40,
            sites[1].claimed / counts[1] * 1000,
            "statements",
        )
    ]
    if with_processes:
        waited = _waited(max(20, int(WAITING * scale)))
        tables.append(_table_of(waited))
        goals.append(Goal("due to the first command at its access point", 10, waited[0], "s"))
    return Findings(sample, tables, goals)


# decisions


def _decisions(count: int) -> Table:
    spreads = take_turns(_questions(count), count, rounds=5)
    rows = [(name, spread, number(1e6 / spread.median)) for name, spread in spreads.items()]
    return Table(("", "µs of CPU", "per second"), rows)


def _questions(count: int) -> dict[str, Callable[[], object]]:
    snapshot = _snapshot()
    assert decide(snapshot, NOW) == OpenWave(3)
    attempt = Attempt("TIP-v4.2.0", 7, NOW, sent=True, refused=False)
    heard = Heard(OLD, 8, "reboot", online=True)
    window = Window(datetime(2000, 1, 1, 2).time(), datetime(2000, 1, 1, 4).time(), "Europe/Amsterdam")  # noqa: DTZ001
    return {
        "what a rollout of four waves does next": lambda: _again(count, lambda: decide(snapshot, NOW)),
        "how one attempt went": lambda: _again(count, lambda: judge(attempt, heard, NOW)),
        "when a window lets the next one start": lambda: _again(count, lambda: may_start_next(window, NOW)),
    }


def _again(count: int, ask: Callable[[], object]) -> None:
    for _ in range(count):
        ask()


def _snapshot() -> Snapshot:
    """Two waves done, the third is next."""
    done = WaveCount(1, 100, HOUR, opened_at=NOW - 9 * HOUR, settled_at=NOW - 3 * HOUR, succeeded=100)
    second = WaveCount(2, 900, HOUR, NOW - 5 * HOUR, NOW - 2 * HOUR, succeeded=880, failed=8, absent=12)
    later = [WaveCount(3, 4000, HOUR, ahead=4000), WaveCount(4, 5000, HOUR, ahead=5000)]
    return Snapshot(NOW - 9 * HOUR, NOW + 99 * HOUR, Budget(5), at_once=500, waves=[done, second, *later])


# looks at rows


def _open_now(zone: tzinfo) -> tuple[str, str]:
    """A window that opened an hour ago and is open for long."""
    now = datetime.now(zone)
    return f"{now - HOUR:%H:%M}", f"{now + 9 * HOUR:%H:%M}"


class Site:
    """An organisation with this many access points that wait for one wave; their window is open."""

    def __init__(self, size: int) -> None:
        self.size, self.claimed = size, 0.0
        self.owner = User.objects.create_user(f"rollout-{size}@aerie.example", None, name="Bench")
        self.organisation = Organisation.found(self.owner, f"Rollout {size}")
        intent = NetworkIntent(
            f"Hall {size}", "NL", "Europe/Amsterdam", *_open_now(ZoneInfo("Europe/Amsterdam"))
        )
        network = Network.open(self.owner, self.organisation, intent)
        rows = (
            AccessPoint(
                network=network,
                serial=f"{size:06x}{n:06x}",
                compatible=HARDWARE,
                firmware=OLD,
                link=Link.ONLINE,
                session=1,
            )
            for n in range(size)
        )
        AccessPoint.objects.bulk_create(rows, batch_size=1000)

    def measure(self) -> list[Sequence[object]]:
        return [self._row(name, work) for name, work in self._story()]

    def _story(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Each part goes on from what the one before left."""
        yield "write the rollout down", self._start
        yield "open the wave and claim all of it", self._look
        yield "hand the commands to the live store", self._deliver
        yield "look while all are under way", self._look
        self._all_upgraded()
        yield "judge all of them and finish", self._look
        assert Rollout.objects.get(pk=self.rollout.pk).state == "finished"

    def _row(self, name: str, work: Callable[[], object]) -> Sequence[object]:
        cpu, wall, asked = elapsed(work, [time.process_time, time.perf_counter, statements])
        count = asked - 1  # asking how many is one
        if "claim" in name:
            self.claimed = count
        return (
            f"{self.size:,}: {name}",
            f"{count:,.0f}",
            number(count * 1000 / self.size),
            *map(number, (cpu, wall)),
        )

    def _start(self) -> None:
        image = FirmwareImage.objects.create(
            organisation=self.organisation,
            file_name="TIP-v4.2.0.bin",
            key=f"firmware/bench/{self.size}",
            size=1,
            state=ImageState.READY,
            version="TIP-v4.2.0",
            compatibles=[HARDWARE],
        )
        terms = Terms(image, timezone.now(), shares=(), soak_minutes=(0,), at_once=2000)
        self.rollout = planning.start(self.owner, self.organisation, terms, timezone.now())
        Rollout.objects.filter(pk=self.rollout.pk).update(at_once=self.size)

    def _look(self) -> None:
        assert list(advance(self.rollout.pk, timezone.now()))

    def _deliver(self) -> None:
        assert deliver(list(self._commands().values_list("pk", flat=True))) == self.size

    def _commands(self) -> "QuerySet[Command]":
        return Command.objects.filter(access_point__network__organisation=self.organisation)

    def _all_upgraded(self) -> None:
        self._commands().update(state="done", sent_at=timezone.now(), ended_at=timezone.now())
        mine = AccessPoint.objects.filter(network__organisation=self.organisation)
        mine.update(firmware=NEW, boot_reason="upgrade", session=F("session") + 1)


# real processes


def _waited(access_points: int) -> list[float]:
    """Seconds from the moment a rollout was due until each access point had its command, the first first."""
    here = Place("Hall", "NL", "UTC", *_open_now(UTC))
    terms = {"shares": [], "soak_minutes": [0], "budget": 100, "at_once": access_points}
    begins = datetime.now(UTC)
    script = Script((here,), access_points, failing=0, begins=begins, rate=1.0, terms=terms)
    with rehearsal(script) as night:
        night.wait_until_online()
        due = night.clock.now() + timedelta(seconds=8)
        night.start(due)
        flashes = _flashes(night.flashes, access_points)
        return sorted(night.clock.shown(one.asked).timestamp() - due.timestamp() for one in flashes)


def _flashes(look: Callable[[], list[Flashed]], count: int, timeout: float = 120.0) -> list[Flashed]:
    deadline = time.monotonic() + timeout
    while len(found := look()) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} of {count} upgraded")
        time.sleep(0.1)
    return found


def _table_of(waited: Sequence[float]) -> Table:
    columns = ("from due to the command at the access point", "first, s", "half of them, s", "last, s")
    return Table(columns, [(f"{len(waited):,}", *map(number, (waited[0], median(waited), waited[-1])))])
