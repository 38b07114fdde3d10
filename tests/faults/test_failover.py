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

pytestmark = pytest.mark.timeout(300)
STALL = 15.0  # seconds a request may wait
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


def settle(cluster: Cluster, writers: Writers, measured: Note) -> None:
    """Some more seconds of writing, then everything is counted on the new writer."""
    time.sleep(5)
    writers.stop()
    writers.measure(measured)
    assert writers.failed() == []
    assert writers.longest() <= STALL
    writers.assert_each_once(cluster.follower)
    wait_for(lambda: not query(cluster.follower, "SELECT 1 FROM devices_task LIMIT 1"), 60)


def test_a_demoted_writer_fails_nobody(measured: Note) -> None:
    with writing() as (cluster, _stack, writers):
        time.sleep(5)
        cluster.demote()
        time.sleep(2)
        cluster.promote()
        settle(cluster, writers, measured)


def test_a_crashed_writer_fails_nobody(measured: Note) -> None:
    """kill -9 amid the writes, ten seconds without any writer, the promotion's own included."""
    with writing() as (cluster, _stack, writers):
        time.sleep(5)
        cluster.writer.kill()
        killed = time.monotonic()
        time.sleep(8)
        cluster.promote()
        measured(time.monotonic() - killed, "s without a writer")
        settle(cluster, writers, measured)
