"""The links we mail open doors; the log tells that they were followed, not how they read."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db

LINKS = [
    "/invitation/s3cr3t-T0ken/",
    "/unsubscribe/1-1.s3cr3t-T0ken/",
    "/account/confirm-email/MQ:1x:s3cr3t/",
    "/account/password/reset/key/1-s3cr3t/",
    "/files/s3cr3t-T0ken/image.bin",
    "/uploads/parts/s3cr3t-T0ken/",
]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the formatter of the settings makes of this test's events."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    options = dict(settings.LOGGING["formatters"]["json"])
    handler.setFormatter(options.pop("()")(**options))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("link", LINKS)
def test_following_a_mailed_link_leaves_no_key_in_the_log(log: io.StringIO, link: str) -> None:
    Client().get(link)
    assert link[: link.index("s3cr3t")].rsplit("/", 1)[0] + "/…" in log.getvalue().encode().decode(
        "unicode_escape"
    )
    assert "s3cr3t" not in log.getvalue()


def test_nor_does_an_exception_that_quotes_it(log: io.StringIO) -> None:
    try:
        raise ValueError(f"no answer for {LINKS[0]} ")
    except ValueError:
        structlog.get_logger("test").exception("broken", path=LINKS[2])
    assert "no answer for /invitation/" in log.getvalue()
    assert "s3cr3t" not in log.getvalue()
