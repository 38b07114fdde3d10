"""A real Chromium against the live server. A page that complains, or leaves this host, fails its test."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from accounts.models import User

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
PATIENCE = 60_000  # milliseconds that a busy machine may take for what takes some usually
PHONE = {"width": 360, "height": 740}  # the narrowest screen that must do without sideways scrolling
DESK = {"width": 1280, "height": 800}

expect.set_options(timeout=PATIENCE)

# Playwright's own event loop makes Django believe it runs in async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The system's Chromium; nothing is downloaded."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.fail("Chromium is not installed; `make setup` installs it.")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    return {"executable_path": chromium, "args": flags}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": DESK, "locale": "en-GB", "timezone_id": "Europe/Amsterdam"}


@pytest.fixture
def expected_statuses(request: pytest.FixtureRequest) -> set[int]:
    """The HTTP errors this test provokes: a form given back (422), and those it is marked to expect."""
    marks = request.node.iter_markers("expects_status")
    return {422}.union(*(mark.args for mark in marks))


@pytest.fixture
def complaints() -> list[str]:
    """What the pages of this test said or did that they should not have."""
    return []


@pytest.fixture
def welcome_hosts() -> set[str]:
    """Others than the console that the pages of a test may talk to; the tests' S3, where they upload."""
    return set()


@pytest.fixture
def context(
    context: BrowserContext,
    complaints: list[str],
    expected_statuses: set[int],
    welcome_hosts: set[str],
    live_server: Any,
) -> Iterator[BrowserContext]:
    """Every page of it is watched; complaints fail the test at its end."""

    def watch(page: Page) -> None:
        page.on("console", lambda message: complaints.extend(_complaint(message, expected_statuses)))
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        page.on(
            "request",
            lambda request: complaints.extend(
                _astray(request, {urlsplit(live_server.url).netloc, *welcome_hosts})
            ),
        )

    context.on("page", watch)
    context.set_default_timeout(PATIENCE)
    yield context
    assert complaints == []


def _complaint(message: ConsoleMessage, expected: set[int]) -> list[str]:
    source = message.location.get("url", "")
    if message.type not in {"error", "warning"} or source.endswith("/favicon.ico"):
        return []
    if any(f"responded with a status of {status}" in message.text for status in expected):
        return []
    return [f"{message.type}: {message.text} ({source})"]


def _astray(request: Request, homes: set[str]) -> list[str]:
    parts = urlsplit(request.url)
    if parts.scheme in {"data", "blob", "about"} or parts.netloc in homes:
        return []
    return [f"left the host: {request.url}"]


@pytest.fixture
def sign_in(context: BrowserContext, live_server: Any) -> Callable[[User], None]:
    """Gives the browser the session of a signed-in user, without going through the login page."""
    from django.test import Client

    def give_session(user: User) -> None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies["sessionid"]
        context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])

    return give_session


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """WCAG 2.2 AA by axe on a desk and on a phone, where nothing may scroll sideways."""

    def check(page: Page) -> None:
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            assert _violations(page) == "", f"at {size['width']} px"
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], f"{page.url} is {width} px wide on a screen of {size['width']} px"
        page.set_viewport_size(DESK)

    return check


def _violations(page: Page) -> str:
    """What axe found; empty when it found nothing. It is evaluated, which the strict CSP allows."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("tags => axe.run({runOnly: tags})", list(WCAG))["violations"]
    return "\n".join(
        f"{violation['id']}: {violation['help']}\n"
        + "\n".join(f"    {json.dumps(node['target'])} {node['html']}" for node in violation["nodes"])
        for violation in found
    )
