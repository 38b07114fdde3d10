"""A live store and a check-in service of this folder's own, shared by the tests that do not break them."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outpost.running import Console, RunningOutpost
from tests.servers import Redis

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def shared_store() -> Iterator[Redis]:
    """Its own server: an outpost's keys have one prefix, and other tests flush theirs."""
    with Redis.private() as server:
        yield server


@pytest.fixture(scope="package")
def shared_outpost(shared_store: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOutpost]:
    """Two workers that believe every serial."""
    running = RunningOutpost(shared_store.url, tmp_path_factory.mktemp("outpost"), OUTPOST_WORKERS="2")
    running.start()
    yield running
    running.kill()


@pytest.fixture
def outpost(shared_outpost: RunningOutpost) -> Iterator[RunningOutpost]:
    """The shared service; whatever the test did to it, no exception was logged and no worker died."""
    before = shared_outpost.workers()
    yield shared_outpost
    assert shared_outpost.failures == []
    assert shared_outpost.workers() == before


@pytest.fixture
def console(shared_store: Redis) -> Console:
    """The monolith's view of the shared store."""
    return Console(shared_store.url)


@pytest.fixture
def serial() -> str:
    """A serial no other test uses."""
    return f"{next(_numbers):012x}"


@pytest.fixture
def own_outpost(own_live_server: Redis, tmp_path: Path) -> Iterator[RunningOutpost]:
    """A service of this test's own on a store of its own, to break; not started yet."""
    running = RunningOutpost(own_live_server.url, tmp_path)
    yield running
    running.kill()
