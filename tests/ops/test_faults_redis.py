"""A minute without any Redis under load: no write fails, and all work is back by itself."""

import time

import pytest

from tests.faults.redis_scene import RedisScene, redis_scene
from tests.faults.writing import Note

pytestmark = pytest.mark.timeout(600)
OUTAGE = 60.0  # seconds


def test_down_for_a_minute_no_write_fails_and_work_comes_back(measured: Note) -> None:
    with redis_scene() as scene:
        scene.suffer(lambda: away(scene), measured)


def away(scene: RedisScene) -> None:
    """Down, and back empty."""
    scene.redis.first.kill()
    time.sleep(OUTAGE)
    scene.redis.first.start()
