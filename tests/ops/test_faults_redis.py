"""Redis is wiped, fails over, or is away for a minute under load: no write fails, all work is back by itself.

What a lost word about an invitation costs is the minute until its sweep: that is why these are here.
"""

import time
from collections.abc import Iterator

import pytest

from tests.faults.redis_scene import RedisScene, redis_scene
from tests.faults.writing import Note

pytestmark = pytest.mark.timeout(600)
OUTAGE = 60.0  # seconds


@pytest.fixture(scope="module")
def suffering() -> Iterator[RedisScene]:
    with redis_scene() as scene:
        yield scene


def test_wiped_under_load_no_write_fails_and_work_comes_back(suffering: RedisScene, measured: Note) -> None:
    suffering.suffer(suffering.redis.wipe, measured)


def test_failed_over_under_load_no_write_fails_and_work_comes_back(
    suffering: RedisScene, measured: Note
) -> None:
    """The old one answers READONLY to whoever still holds a connection; rq's workers end of it."""
    suffering.suffer(suffering.redis.fail_over, measured)


def test_down_for_a_minute_no_write_fails_and_work_comes_back(suffering: RedisScene, measured: Note) -> None:
    suffering.suffer(lambda: away(suffering), measured)


def away(scene: RedisScene) -> None:
    """Down, and back empty."""
    scene.redis.first.kill()
    time.sleep(OUTAGE)
    scene.redis.first.start()
