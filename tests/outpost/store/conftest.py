"""Both sides of a Redis live store under one prefix."""

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis

from outpost.store.redis import RedisLiveStore, RedisOutpostStore
from tests.outpost.store.driving import Driven


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def redis(live_store_url: str) -> Iterator[Redis]:
    """A bare client, to look and to break things."""
    with Redis.from_url(live_store_url) as client:
        yield client


@pytest.fixture
def outpost(live_store_url: str, live_store_prefix: str, runner: asyncio.Runner) -> Iterator[Driven]:
    driven = Driven(RedisOutpostStore.from_url(live_store_url, live_store_prefix), runner)
    yield driven
    driven.aclose()


@pytest.fixture
def live(live_store_url: str, live_store_prefix: str) -> Iterator[RedisLiveStore]:
    store = RedisLiveStore.from_url(live_store_url, live_store_prefix)
    yield store
    store.close()
