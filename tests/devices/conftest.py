"""What the tests of moving state share."""

from collections.abc import Iterator

import pytest

from tests.devices.door import Door


@pytest.fixture
def door(db: None) -> Iterator[Door]:
    """An outpost on this test's live store."""
    door = Door()
    yield door
    door.close()
