"""A cloud to dial."""

from collections.abc import Iterator

import pytest

from tests.devices.simulation.cloud import Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    server = Cloud()
    yield server
    server.close()
