"""What every test may ask for: clean queues and live store, and addresses for processes of its own."""

import gc
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import hypothesis
import pytest
import redis
from django.conf import settings
from django.db import connection

from tests import failed
from tests.faults.table import Figure

if TYPE_CHECKING:
    from tests.world import World

# On a busy machine any example may take long: that says nothing of what is tested.
hypothesis.settings.register_profile(
    "unhurried",
    hypothesis.settings.default,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("unhurried")
_DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest first, so that no worker waits for another's last test; those with a browser last.

    Playwright leaves its event loop running on the worker's thread: after it, no test could run one.
    """
    order = {"faults": 0, "browser": 2}
    items.sort(key=lambda item: order.get(item.path.parent.name, 1))


def pytest_collection_finish() -> None:
    """What was imported and collected stays: it need not be looked through again after each file."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    failed.note(session, exitstatus)


@pytest.fixture(autouse=True, scope="module")
def _nothing_left_open() -> Iterator[None]:
    """What a file's tests forgot to close fails there, not in whichever test runs when Python notices."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _nothing_left_in_redis(request: pytest.FixtureRequest) -> None:
    """A test with a clean database gets clean queues and a clean live store as well."""
    if request.node.get_closest_marker("django_db") or _DATABASE_FIXTURES & set(request.fixturenames):
        for url in (settings.REDIS_URL, settings.LIVE_STORE_URL):
            with redis.Redis.from_url(url) as server:
                server.flushdb()


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """The environment with which a console, worker or outpost process works on this test's data.

    Its rows must be committed to be seen there, hence ``transactional_db``.
    """
    server = urlsplit(os.environ["DATABASE_URL"])
    url = server._replace(path="/" + str(connection.settings_dict["NAME"])).geturl()
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "console.settings"}


@pytest.fixture
def world(db: None) -> "World":
    """The fixed cast: see ``tests.world``."""
    from tests.world import build  # the outpost's tests run without Django's models

    return build()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """``measured(2.1, "s until …")``, ``measured(0, "visits failed", of=9)``: see ``tests.faults.table``."""
    test = request.node.nodeid.partition("[")[0]

    def note(value: float, unit: str, of: int | None = None) -> None:
        Figure(test, value, unit, of).note()

    return note
