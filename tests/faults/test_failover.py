"""The writer is demoted, or crashes, and its replica is promoted: no write fails, is lost or comes twice."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.cluster import Cluster
from tests.faults.writing import Writers
from tests.replication import query
from tests.servers import Redis, temporary_directory
from tests.stack import Browser, Stack, prepare, wait_for

pytestmark = pytest.mark.timeout(300)
STALL = 15.0  # seconds a request may wait
INVITERS = 2


@contextmanager
def writing() -> Iterator[tuple[Cluster, Stack, Writers]]:
    with temporary_directory() as directory, Cluster(directory).running() as cluster:
        redis = Redis(directory)
        stack = Stack(directory, cluster, redis)  # type: ignore[arg-type]
        try:
            redis.start()
            prepare(stack, 6)
            yield cluster, stack.start(), at_work(stack)
        finally:
            stack.stop()
            redis.kill()


def at_work(stack: Stack) -> Writers:
    """Those who invite, those who save their networks, and somebody who keeps signing in."""
    writers = Writers(stack.url)
    first = Browser(stack.url)
    home = first.url.removeprefix(stack.url)
    networks = sorted({link["href"] for link in first.links("/networks/\\d+/$")})
    for number in range(INVITERS):
        writers.start(writers.invite, Browser(stack.url), home, number)
    for network in networks:
        writers.start(writers.save, Browser(stack.url), f"{network}settings/")
    writers.start(writers.log_in)
    return writers


def settle(cluster: Cluster, writers: Writers) -> None:
    """Some more seconds of writing, then everything is counted on the new writer."""
    time.sleep(5)
    writers.stop()
    print(
        f"{len(writers.invitations.done)} invitations, {len(writers.saves.done)} saves, "
        f"{len(writers.logins.done)} sign-ins; {len(writers.failed())} failed; "
        f"longest stall {writers.longest():.1f} s"
    )
    assert writers.failed() == []
    assert writers.longest() <= STALL
    assert_each_once(cluster, writers)
    wait_for(lambda: not query(cluster.follower, "SELECT 1 FROM devices_task LIMIT 1"), 60)


def assert_each_once(cluster: Cluster, writers: Writers) -> None:
    there = query(cluster.follower, "SELECT email FROM accounts_invitation WHERE email LIKE 'guest-%'")
    assert Counter(email for (email,) in there) == Counter(writers.invitations.done)
    told = query(
        cluster.follower, "SELECT subject FROM accounts_auditentry WHERE subject LIKE 'guest-%@elsewhere%'"
    )
    assert Counter(subject for (subject,) in told) == Counter(writers.invitations.done)
    saved = query(cluster.follower, "SELECT JSON_VALUE(intent, '$.name') FROM devices_revision")
    names = Counter(name for (name,) in saved if " saved " in name)
    assert names == Counter(writers.saves.done)


def test_a_demoted_writer_fails_nobody() -> None:
    with writing() as (cluster, _stack, writers):
        time.sleep(5)
        cluster.demote()
        time.sleep(2)
        cluster.promote()
        settle(cluster, writers)


def test_a_crashed_writer_fails_nobody() -> None:
    """kill -9 amid the writes, ten seconds without any writer, then the promotion."""
    with writing() as (cluster, _stack, writers):
        time.sleep(5)
        cluster.writer.kill()
        time.sleep(10)
        cluster.promote()
        settle(cluster, writers)
