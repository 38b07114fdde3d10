"""Jobs move what ``tests.devices`` describes: they share its outpost. Processes get a Redis to kill."""

from collections.abc import Iterator

import pytest

from tests.devices.conftest import door
from tests.servers import Redis

__all__ = ["door"]


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A server of this test's own, to kill and start again."""
    with Redis.private() as server:
        yield server
