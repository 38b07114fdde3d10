"""Jobs move what ``tests.devices`` describes: they share its outpost. Processes get a Redis to kill."""

from collections.abc import Iterator
from typing import Any

import pytest

from jobs.mailing import sending
from tests.devices.conftest import door
from tests.jobs.mail_server import Mailbox, MailServer
from tests.servers import Redis

__all__ = ["door"]


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A server of this test's own, to kill and start again."""
    with Redis.private() as server:
        yield server


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox, settings: Any, monkeypatch: Any) -> Iterator[MailServer]:
    monkeypatch.setattr(sending, "_resting_until", 0.0)
    running = MailServer(mailbox)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
    running.start()
    yield running
    running.stop()
