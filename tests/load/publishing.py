"""Publishing: what one save costs until every access point's configuration is in the live store."""

import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.db import connection
from msgspec.structs import replace
from redis import Redis

from accounts.models import Organisation, User
from devices.live_store import live_store, seal
from devices.models import AccessPoint, Configuration, Network
from devices.publishing import BATCH, publish_network
from devices.rendering.intent import NetworkIntent
from devices.simulation.hardware import CATALOGUE, capabilities
from devices.upsert import upsert
from outpost.store.contract import Desired
from tests.devices.rendering.wishes import HOTEL
from tests.load import processes
from tests.load.findings import Findings, Goal, Spread, Table, number
from tests.load.rendering import mixed, rendered
from tests.load.turns import elapsed, only_new_garbage

SIZES = (1_000, 10_000)  # access points
ROUNDS = 3
WRITTEN = ("uuid", "hash", "left_out", "unpublishable", "published_revision")
COLUMNS = (
    *("access points", "SQL statements", "per 1,000"),
    *("CPU here, s", "wall, s", "CPU MariaDB, s", "CPU Redis, s", "CPU here ÷ floor"),
)
# Another console on another machine: one template edit over 1,002 devices.
OPENWISP = ("1,002: OpenWISP, a figure from elsewhere", "7,032", "7,018", "31.9", *["–"] * 4)
Row = Sequence[object]
Work = Callable[[], object]


def measure(scale: float = 1.0) -> Findings:
    small, large = (max(6, int(size * scale)) for size in SIZES)
    table: list[Row] = []
    costs = [Site(small).measure(table, with_peer=True), Site(large).measure(table, with_peer=False)]
    sample = (
        "Five SSIDs, six models, capabilities with MAC addresses of their own; one passphrase changes, and "
        "with it every configuration. Statements are those the server counted, BEGIN and COMMIT included. "
        f"{ROUNDS} rounds: median (least–most)."
    )
    return Findings(sample, [Table(COLUMNS, [*table, OPENWISP])], _goals(*costs))


def _goals(small: "Cost", large: "Cost") -> list[Goal]:
    save = f"a save over {large.size:,} access points"
    return [
        Goal(f"SQL for a save over {small.size:,} access points", 60, small.statements.median, "statements"),
        Goal(f"SQL for {save}, per 1,000", 60, large.per_thousand, "statements"),
        Goal(f"CPU of console and worker for {save}", 3, large.cpu.median, "s"),
    ]


class Cost:
    """What some work took, round by round: statements, and seconds by clock."""

    def __init__(self, size: int, rounds: Sequence[Sequence[float]]) -> None:
        self.size = size
        self.cpu, self.wall, self.statements, self.database, self.store = (
            Spread(tuple(one)) for one in zip(*rounds, strict=True)
        )

    @property
    def per_thousand(self) -> float:
        return self.statements.median * 1000 / self.size

    def row(self, name: str, floor: "Cost | None" = None) -> Row:
        counts = f"{self.statements.median:,.0f}", number(self.per_thousand)
        clocks = self.cpu, self.wall, self.database, self.store
        return f"{self.size:,}: {name}", *counts, *clocks, self.cpu.times(floor.cpu) if floor else "–"


class Site:
    """A network with this many access points that have all told what they are, and are published."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._saved = 0
        self._owner = User.objects.create_user(f"bench-{size}@aerie.example", None, name="Bench")
        organisation = Organisation.found(self._owner, f"Bench {size}")
        self._network = Network.open(self._owner, organisation, self._wanted())
        self._hang()
        self._first = self._cost(self._publish, rounds=1)

    def measure(self, table: list[Row], *, with_peer: bool) -> Cost:
        """Adds its lines to the table and returns the cost of a whole save. The floor spoils the site."""
        whole = self._cost(self._save_and_publish)
        alone = self._cost(self._save)
        self._publish()
        again = self._cost(self._publish)
        rows, desired = self._same()
        with only_new_garbage():  # the floor has all of it in memory, a worker only a batch
            floor = self._cost(lambda: _write_at_once(rows, desired))
            peer = self._cost(lambda: _write_each(rows, desired), rounds=1) if with_peer else None
        table.append(whole.row("save and publish", floor))
        table.append(self._first.row("publish for the first time"))
        table.append(alone.row("the save alone, for which the browser waits"))
        table.append(again.row("publish again, nothing changed"))
        table.append(floor.row("floor: as many bytes in bulk, nothing read or decided", floor))
        if peer:
            table.append(peer.row("peer: the same bytes, a statement and a round trip each", floor))
        return whole

    def _cost(self, work: Work, rounds: int = ROUNDS) -> Cost:
        clocks = [time.process_time, time.perf_counter, statements, store_cpu, database_cpu]
        measured = [elapsed(work, clocks) for _ in range(rounds)]
        return Cost(self.size, [(cpu, wall, sql - 1, db, store) for cpu, wall, sql, store, db in measured])

    def _hang(self) -> None:
        serials = [f"{self.size:06x}{n:06x}" for n in range(self.size)]
        access_points = [self._access_point(n, serial) for n, serial in enumerate(serials)]
        AccessPoint.objects.bulk_create(access_points, batch_size=1000)
        Configuration.objects.bulk_create(
            [Configuration(access_point=one, wanted_revision=1) for one in self._network.access_points.all()],
            batch_size=1000,
        )

    def _access_point(self, n: int, serial: str) -> AccessPoint:
        told = capabilities(CATALOGUE[n % len(CATALOGUE)], serial)
        return AccessPoint(network=self._network, serial=serial, name=f"Room {n}", capabilities=told)

    def _save(self) -> None:
        self._saved += 1
        assert self._network.revise(self._owner, self._wanted())

    def _wanted(self) -> NetworkIntent:
        """The hotel, one passphrase of it numbered; a key names one SSID of one network only."""
        ssids = [replace(ssid, key=f"{self.size}{ssid.key}") for ssid in HOTEL.ssids]
        ssids[3] = replace(ssids[3], passphrase=f"conference number {self._saved}")
        return replace(HOTEL, ssids=tuple(ssids))

    def _publish(self) -> int:
        return sum(publish_network(self._network.pk))

    def _save_and_publish(self) -> None:
        self._save()
        assert self._publish() == self.size

    def _same(self) -> tuple[list[Configuration], list[Desired]]:
        """Rows and sealed documents like those a publication writes, made beforehand."""
        mine = Configuration.objects.filter(access_point__network=self._network)
        rows = list(mine.select_related("access_point"))
        desired = []
        for row, document in zip(rows, rendered(mixed(self.size)), strict=True):
            serial = f"f{row.access_point.serial[1:]}"
            sealed = seal().seal(serial, zlib.compress(document))
            desired.append(Desired(serial, row.uuid, row.hash, sealed, "floor"))
        return rows, desired


def _write_at_once(rows: Sequence[Configuration], desired: Sequence[Desired]) -> None:
    for row in rows:
        row.uuid += 1  # an upsert of what is there already would cost the server nothing
    for start in range(0, len(rows), BATCH):
        upsert(Configuration, rows[start : start + BATCH], WRITTEN, "access_point")
    live_store().put_desired(desired, replace=True)


def _write_each(rows: Sequence[Configuration], desired: Sequence[Desired]) -> None:
    for row, one in zip(rows, desired, strict=True):
        row.uuid += 1
        row.save(update_fields=WRITTEN)
        live_store().put_desired([one], replace=True)


def statements() -> float:
    """What the database server has been asked on this connection; asking is one more."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Questions'")
        return float(cursor.fetchone()[1])


def database_cpu() -> float:
    """Seconds of CPU of the database server, which runs on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@pid_file")
        return processes.cpu(int(Path(cursor.fetchone()[0]).read_text()))


def store_cpu() -> float:
    """Seconds of CPU of the live store's server."""
    with Redis.from_url(settings.LIVE_STORE_URL) as server:
        told = server.info("cpu")
        return float(told["used_cpu_user"] + told["used_cpu_sys"])
