"""Usage and reports: what counting, rolling up, a month on paper and pruning cost."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone as clock

from accounts.models import Organisation, User
from devices.live_store import live_store
from devices.models import AccessPoint, Event, Network, Usage
from devices.models.usage import COARSE
from devices.pruning import BATCH, prune
from devices.reporting.gathering import Month
from devices.reporting.paper import as_pdf
from devices.reporting.sheet import as_csv
from devices.usage.recording import measure as count_usage
from devices.usage.rolling import roll_up
from jobs.housekeeping import RULES
from outpost.store.contract import Connection, Desired, Seen
from outpost.store.redis_outpost import RedisOutpostStore
from tests.load.findings import Findings, Goal, Table, number
from tests.load.publishing import statements
from tests.load.turns import elapsed

ACCESS_POINTS = 10_000
HOURS = 48
EVENTS = 200_000
COLUMNS = ("", "what", "SQL statements", "CPU here, s", "wall, s", "a second")
Row = Sequence[object]


def measure(scale: float = 1.0) -> Findings:
    size = max(10, int(ACCESS_POINTS * scale))
    site = _Site(size)
    look = site.cost(f"count usage of {size:,} access points", size, site.look)
    rows = [look.row, site.cost("roll one hour up", size, site.roll_up).row]
    site.fill_hours()
    report = site.cost(f"count a month of {size:,} access points, two days of it used", size, site.gather)
    paper = site.cost("write it down as PDF and CSV", size, site.write_down)
    events = max(100, int(EVENTS * scale))
    site.fill_log(events)
    rows += [report.row, paper.row, site.cost(f"prune {events:,} events", events, site.prune).row]
    sample = (
        "One network, two SSIDs on two radios, four clients each; the second look at all. "
        f"Statements include BEGIN and COMMIT; pruning deletes {BATCH:,} rows a statement."
    )
    per_thousand = look.statements * 1000 / max(size, 1000)
    return Findings(
        sample,
        [Table(COLUMNS, rows)],
        [
            Goal("SQL for counting usage, per 1,000 access points", 30, per_thousand, "statements"),
            Goal(f"counting usage of {size:,} access points, every 300 s", 60, look.wall, "s"),
        ],
    )


class _Cost:
    def __init__(self, name: str, count: int, cpu: float, wall: float, statements: float) -> None:
        self.wall, self.statements = wall, statements
        pace = f"{count / wall:,.0f}"
        self.row: Row = (name, f"{count:,}", f"{statements:,.0f}", number(cpu), number(wall), pace)


class _Site:
    """A network whose access points were looked at once and have moved something since."""

    def __init__(self, size: int) -> None:
        owner = User.objects.create_user(f"usage-{size}@aerie.example", None, name="Bench")
        self.organisation = Organisation.found(owner, f"Usage {size}")
        self.network = Network.objects.create(
            organisation=self.organisation, name="Bench", country="NL", timezone="UTC"
        )
        AccessPoint.objects.bulk_create(
            [
                AccessPoint(network=self.network, serial=f"e{n:011x}", link="online", first_seen=clock.now())
                for n in range(size)
            ],
            batch_size=1000,
        )
        self.rows = list(self.network.access_points.all())
        self.now = time.time()
        self._report(1000, self.now - 310)
        count_usage(self.now - 300)
        self._report(50_000_000, self.now)

    def cost(self, name: str, count: int, work: Callable[[], object]) -> _Cost:
        cpu, wall, asked = elapsed(work, [time.process_time, time.perf_counter, statements])
        return _Cost(name, count, cpu, wall, asked - 1)

    def look(self) -> None:
        assert count_usage(self.now + 1) == len(self.rows)

    def roll_up(self) -> None:
        assert roll_up(datetime.fromtimestamp(self.now, UTC))

    def gather(self) -> None:
        self.contents = Month(self.organisation, self.month.date(), clock.now()).gather(lambda _done: None)
        assert len(self.contents.access_points) == len(self.rows)

    def write_down(self) -> None:
        assert as_pdf(self.contents)
        assert as_csv(self.contents)

    def prune(self) -> None:
        (rule,) = (rule for rule in RULES if rule.name == "events")
        assert sum(prune(rule, clock.now()))

    def fill_hours(self) -> None:
        """Hours of the present month, each access point's total alone."""
        for hour in range(min(HOURS, int((clock.now() - self.month).total_seconds()) // 3600)):
            at = self.month + timedelta(hours=hour)
            Usage.objects.bulk_create(
                [
                    Usage(
                        access_point=row, network=self.network, seconds=COARSE, at=at, clients=4, downloaded=9
                    )
                    for row in self.rows
                ],
                batch_size=5000,
                ignore_conflicts=True,
            )

    def fill_log(self, events: int) -> None:
        old = clock.now() - timedelta(days=settings.EVENTS_DAYS + 1)
        for start in range(0, events, 10_000):
            Event.objects.bulk_create(
                Event(access_point=self.rows[n % len(self.rows)], fact=f"bench-{n}", kind="log", at=old)
                for n in range(start, min(start + 10_000, events))
            )

    @property
    def month(self) -> datetime:
        """The one that is."""
        return clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    def _report(self, moved: int, at: float) -> None:
        asyncio.run(_tell([row.serial for row in self.rows], _state(moved), at))


async def _tell(serials: Sequence[str], state: bytes, at: float) -> None:
    live_store().put_desired([Desired(serial, 0, "", b"", "bench") for serial in serials])
    store = RedisOutpostStore.from_url(settings.LIVE_STORE_URL)
    try:
        for start in range(0, len(serials), 500):
            some = serials[start : start + 500]
            said = [Connection(one, "bench", 1, "", "", False, "192.0.2.7", at) for one in some]
            sessions = await store.connected(said)
            await store.seen([Seen(one, n, at, 1, state) for one, n in zip(some, sessions, strict=True)])
    finally:
        await store.aclose()


def _state(moved: int) -> bytes:
    ssids = [
        {
            "ssid": name,
            "bssid": f"02:00:00:00:00:{number:02x}",
            "counters": {"tx_bytes": moved, "rx_bytes": moved // 9},
            "associations": [{"station": f"02:00:00:00:{number:02x}:{n:02x}"} for n in range(4)],
        }
        for number, name in enumerate(["Guests", "Staff"] * 2)
    ]
    return json.dumps({"unit": {"uptime": 10**6}, "interfaces": [{"ssids": ssids}]}).encode()
