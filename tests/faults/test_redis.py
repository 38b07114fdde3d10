"""Redis is wiped, or fails over, under load: no write fails, and all work is back by itself."""

from collections.abc import Iterator

import pytest

from tests.faults.redis_scene import RedisScene, redis_scene
from tests.faults.writing import Note

pytestmark = pytest.mark.timeout(400)


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
