"""The live store every outpost test runs against: a real server, one key prefix per test.

``LIVE_STORE_URL`` names a running server to use; without it a private one is started.
"""

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.servers import Redis

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def live_store_url() -> Iterator[str]:
    """URL of a server shared by the whole test process; keep to ``live_store_prefix`` in it."""
    if given := os.environ.get("LIVE_STORE_URL"):
        yield given
        return
    with Redis.private() as server:
        yield server.url


@pytest.fixture
def live_store_prefix() -> str:
    """A key prefix no other test uses."""
    return f"test-{os.getpid()}-{next(_numbers)}:"


@pytest.fixture
def own_live_server() -> Iterator[Redis]:
    """A server of this test's own, to kill, flush and start again."""
    with Redis.private() as server:
        yield server
