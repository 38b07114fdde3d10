"""Backups: how fast a database goes into the storage and comes back, beside the server's own programs."""

import resource
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, connections
from django.utils import timezone as clock

from devices.backups import catalogue, clients, creating, reading, restoring
from devices.backups.catalogue import Manifest
from devices.backups.creating import READ
from tests.load.findings import Findings, Goal, Spread, Table, number

ROWS = 500_000  # of usage
ROUNDS = 3
FLOOR_OUT, FLOOR_IN = "floor: mariadb-dump, thrown away", "floor: mariadb reads the plain dump"
WHOLE_OUT, WHOLE_IN = "backup create: to S3 and listed", "backup restore: from S3, counted"
COLUMNS = ("what", "MB of SQL/s", "rows/s", "time ÷ floor")
FILL = (
    "CREATE TABLE bench_usage LIKE devices_usage",
    """INSERT INTO bench_usage (network_id, access_point_id, ssid, seconds, at, clients, downloaded, uploaded)
       SELECT seq % 100, seq % 2000, IF(seq % 3, 'Lento Guests', ''), 300,
              '2026-01-01' + INTERVAL seq SECOND, seq * 7919 % 60, RAND(seq) * 1e10, RAND(seq + 1) * 1e9
       FROM seq_1_to_{rows}""",
)
Work = Callable[[], object]


def measure(scale: float = 1.0) -> Findings:
    with _filled(int(ROWS * scale)), tempfile.TemporaryFile() as plain:
        _dump(plain.write)
        manifest = creating.create(clock.now())
        out, into = _out(), _into(plain, manifest)
        timed = _turns({**out, **into})
        catalogue.remove(manifest.name)
    rows = [_line(name, timed, FLOOR_OUT, manifest) for name in out]
    rows += [_line(name, timed, FLOOR_IN, manifest) for name in into]
    sample = (
        f"{manifest.rows:,} rows, mostly of usage, {manifest.dumped / 1e6:.0f} MB of SQL, "
        f"{manifest.stored / 1e6:.1f} MB as stored. Server, S3 (moto) and we share the machine. "
        f"{ROUNDS} rounds, wall time: median (least–most). Peak memory so far: {_peak():.0f} MB."
    )
    return Findings(sample, [Table(COLUMNS, rows)], _goals(timed))


def _goals(timed: dict[str, Spread]) -> list[Goal]:
    out = timed[WHOLE_OUT].median / timed[FLOOR_OUT].median
    into = timed[WHOLE_IN].median / timed[FLOOR_IN].median
    return [Goal("a backup beside the dump alone", 3, out, "×"), Goal("a restore beside it", 1.5, into, "×")]


def _out() -> dict[str, Work]:
    return {
        FLOOR_OUT: lambda: _dump(lambda piece: None),
        "dump and gzip (zlib level 6), thrown away": lambda: _dump(zlib.compressobj(6).compress),
        "dump, zstd, seal and count, thrown away": _sealed_away,
        WHOLE_OUT: lambda: catalogue.remove(creating.create(clock.now()).name),
    }


def _into(plain: "tempfile._TemporaryFileWrapper[bytes]", manifest: Manifest) -> dict[str, Work]:
    def load() -> None:
        plain.seek(0)
        with _empty() as database, clients.loading(database) as sql:
            shutil.copyfileobj(plain, sql, READ)

    def restore() -> None:
        with _empty() as database:
            restoring.restore(manifest, database)

    return {FLOOR_IN: load, WHOLE_IN: restore, "backup verify": lambda: reading.verify(manifest)}


def _dump(take: Callable[[bytes], object]) -> None:
    with clients.dumping(connections.databases["default"]) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(READ):
            take(piece)


def _sealed_away() -> None:
    passing = creating._Passing()
    with clients.dumping(connections.databases["default"]) as process:
        assert process.stdout is not None
        compressed = creating._compressed(creating._dumped(process.stdout, passing, lambda dumped: None))
        for _ in creating._counted(creating.sealing.seal(compressed, creating.keys()[0], "x"), passing):
            pass


def _turns(contestants: dict[str, Work]) -> dict[str, Spread]:
    """Seconds of wall time; the first round, in which caches fill, is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS + 1):
        for name, work in contestants.items():
            began = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - began)
    return {name: Spread(tuple(one[1:])) for name, one in seconds.items()}


def _line(name: str, timed: dict[str, Spread], floor: str, manifest: Manifest) -> tuple[object, ...]:
    speeds = Spread(tuple(manifest.dumped / 1e6 / one for one in timed[name].rounds))
    return name, speeds, number(manifest.rows / timed[name].median), timed[name].times(timed[floor])


@contextmanager
def _filled(rows: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement.format(rows=rows))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bench_usage")


@contextmanager
def _empty() -> Iterator[clients.Settings]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE bench_restored CHARACTER SET utf8mb4")
        try:
            yield connections.databases["default"] | {"NAME": "bench_restored"}
        finally:
            cursor.execute("DROP DATABASE bench_restored")


def _peak() -> float:
    """MB this process ever held; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
