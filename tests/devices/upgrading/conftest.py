import pytest

from tests.devices.upgrading.night import Night
from tests.world import World


@pytest.fixture
def night(world: World) -> Night:
    return Night(world)
