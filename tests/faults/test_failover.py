"""The writer is demoted, or crashes, and its replica is promoted: no write fails, is lost or comes twice."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.cluster import Cluster
from tests.faults.writing import Note, Writers, at_work
from tests.replication import query
from tests.servers import Redis, temporary_directory
from tests.stack import Stack, prepare, wait_for

pytestmark = pytest.mark.timeout(900)
STALL = 15.0  # seconds a request may wait, beyond what it takes anyway
AWAY = 11.0  # seconds without a writer that are survived
VISITORS = 2  # who keep signing in; of one account five may try at once, and a killed one counts as trying


@contextmanager
def writing() -> Iterator[tuple[Cluster, Stack, Writers]]:
    with temporary_directory() as directory, Cluster(directory).running() as cluster:
        redis = Redis(directory)
        stack = Stack(directory, cluster, redis, TRUSTED_PROXIES="1")  # type: ignore[arg-type]
        try:
            redis.start()
            prepare(stack, 6)
            yield cluster, stack.start(), at_work(stack.url, visitors=VISITORS)
        finally:
            stack.stop()
            redis.kill()


def settle(cluster: Cluster, writers: Writers, usual: float, measured: Note) -> None:
    """Some more seconds of writing, then everything is counted on the new writer.

    ``usual`` is what the slowest request took before.
    """
    time.sleep(5)
    writers.stop()
    writers.measure(measured)
    assert writers.failed() == []
    assert writers.longest() <= STALL + usual
    writers.assert_each_once(cluster.follower)
    wait_for(lambda: not query(cluster.follower, "SELECT 1 FROM devices_task LIMIT 1"), 120)


def test_a_demoted_writer_fails_nobody(measured: Note) -> None:
    with writing() as (cluster, _stack, writers):
        time.sleep(5)
        usual = writers.longest()
        cluster.demote()
        time.sleep(2)
        cluster.promote()
        settle(cluster, writers, usual, measured)


def test_a_crashed_writer_fails_nobody(measured: Note) -> None:
    """kill -9 amid the writes, ten seconds without any writer, the promotion's own included."""
    for _attempt in range(3):
        with writing() as (cluster, _stack, writers):
            time.sleep(5)
            usual = writers.longest()
            away = crash(cluster)
            if away <= AWAY:
                measured(away, "s without a writer")
                settle(cluster, writers, usual, measured)
                return
            writers.stop()
    pytest.fail(f"this machine is so slow that the replica was not promoted within {AWAY:g} s")


def crash(cluster: Cluster) -> float:
    """Seconds that there was no writer."""
    cluster.writer.kill()
    killed = time.monotonic()
    time.sleep(8)
    cluster.promote()
    return time.monotonic() - killed
