"""The watch over the pages: without it every other browser test would prove little."""

from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.servers import free_port


@pytest.fixture
def login_page(page: Page, live_server: Any) -> Page:
    page.goto(live_server.url + "/account/login/")
    return page


def test_a_logged_error_is_a_complaint(login_page: Page, complaints: list[str]) -> None:
    login_page.evaluate("console.error('out of beans')")
    assert "out of beans" in complaints.pop()


def test_an_uncaught_exception_is_a_complaint(login_page: Page, complaints: list[str]) -> None:
    with login_page.expect_event("pageerror"):
        login_page.evaluate("setTimeout(() => { throw new Error('cup dropped') })")
    assert "cup dropped" in complaints.pop()


def test_leaving_the_host_is_a_complaint(page: Page, complaints: list[str]) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(Error):
        page.goto(elsewhere)
    assert complaints.pop() == f"left the host: {elsewhere}"


def test_an_unexpected_status_is_a_complaint(page: Page, live_server: Any, complaints: list[str]) -> None:
    page.goto(live_server.url + "/no-such-page/")
    assert "404" in complaints.pop()


@pytest.mark.expects_status(404)
def test_an_expected_status_is_not(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + "/no-such-page/")
    expect(page.locator("body")).to_be_visible()
