"""The week that the demo remembers."""

from datetime import UTC, datetime

from console.demo.history import remember
from devices.models import Usage
from devices.usage.reading import DAY, WEEK, series
from devices.usage.rolling import roll_up
from tests.world import World

NOW = datetime(2026, 11, 21, 12, 7, tzinfo=UTC)


def test_a_day_and_a_week_are_there_to_be_drawn(world: World) -> None:
    remember(world.cafe, NOW)
    for span in (DAY, WEEK):
        counted = [point for point in series(world.harbour, span, NOW) if point.clients]
        assert len(counted) >= len(series(world.harbour, span, NOW)) - 2
    assert not series(world.halde, DAY, NOW)[-2].clients


def test_remembering_twice_is_remembering_once_and_goes_with_what_is_counted(world: World) -> None:
    remember(world.cafe, NOW)
    count = Usage.objects.count()
    remember(world.cafe, NOW)
    assert Usage.objects.count() == count
    before = series(world.harbour, WEEK, NOW)[-2].downloaded or 0
    roll_up(NOW)
    after = series(world.harbour, WEEK, NOW)[-2].downloaded or 0
    assert 0.5 < after / before < 2  # whole hours know no lunch that begins within one
