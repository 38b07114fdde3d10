"""One pair of servers for all tests of a file; backups of their own for each test."""

from collections.abc import Iterator

import pytest

from devices import replica
from devices.backups import catalogue
from tests.devices.backups.safe import Safe, safe


@pytest.fixture(scope="module")
def whole(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Safe]:
    with django_db_blocker.unblock(), safe() as made:
        yield made


@pytest.fixture
def database(whole: Safe, monkeypatch: pytest.MonkeyPatch) -> Iterator[Safe]:
    monkeypatch.setattr(replica, "HEALTH", replica.HEALTH)
    whole.twins.both()
    yield whole
    for name in catalogue.names():
        catalogue.remove(name)
