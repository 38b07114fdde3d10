"""A customer looks around an access point: its neighbours, its traffic, a restart. All real processes.

The access point is a pretend one in a process of its own; what it records reaches us over HTTP.
"""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.stack import FIRST_SERIAL, ROOT, Browser, Stack, running_stack, wait_for

PAGE = f"/o/lento-hospitality/access-points/{FIRST_SERIAL}/"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack(1) as running:
        yield running


@pytest.fixture(scope="module")
def customer(stack: Stack) -> Iterator[Browser]:
    """Signed in, and the access point is on line."""
    words = ["--count", "1", "--first-serial", FIRST_SERIAL, "--pace", "0.05", "--reconnect", "0.05"]
    fleet = subprocess.Popen(
        [sys.executable, "-m", "devices.simulation", "--url", stack.outpost_url, *words, "--summary", "0"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        customer = Browser(stack.url)
        wait_for(lambda: says(customer, PAGE, "Up to date"), 60, lambda: customer.text)
        yield customer
        fleet.terminate()
        fleet.wait(60)
    finally:
        fleet.kill()
        fleet.wait()


def says(customer: Browser, page: str, words: str) -> bool:
    customer.go(page)
    return words in customer.text


def until(customer: Browser, words: str) -> None:
    """The page that is open says so, sooner or later."""
    page = customer.url.removeprefix(customer.console)
    wait_for(lambda: says(customer, page, words), 60, lambda: customer.text)


def test_its_neighbours_are_a_table(customer: Browser) -> None:
    customer.go(PAGE)
    customer.fill(form='form[action$="/command/wifiscan/"]')
    until(customer, "Wi-Fi in reach")
    first = customer.page.select_one("table.rows tbody tr")
    assert "dBm" in first.get_text()
    assert "GHz" in first.get_text()


def test_what_it_records_can_be_downloaded(customer: Browser) -> None:
    customer.go(f"{PAGE}record/")
    customer.fill(duration="10", where="up")
    until(customer, "the recording is here")
    answer = customer.get(customer.absolute_url(customer.page.select_one("a[href$='/recording/']")["href"]))
    answer.raise_for_status()
    assert answer.content[:4] == b"\xd4\xc3\xb2\xa1"
    assert ".pcap" in answer.headers["Content-Disposition"]


def test_a_restart_tells_when_it_is_back(customer: Browser) -> None:
    customer.go(PAGE)
    customer.fill(form='form[action$="/command/reboot/"]')
    customer.go(f"{PAGE}commands/")
    until(customer, "done, back online after")


def test_after_a_reset_it_is_configured_again(customer: Browser) -> None:
    customer.go(f"{PAGE}factory/")
    customer.fill(typed=customer.page.select_one("form.card strong").get_text())
    customer.go(f"{PAGE}commands/")
    until(customer, "Reset to factory settings Done")
    customer.go(f"{PAGE}log/")
    wait_for(lambda: applied_again(customer), 60, lambda: customer.text)
    customer.go(PAGE)
    until(customer, "Up to date")


def applied_again(customer: Browser) -> bool:
    """Its log, newest line first."""
    customer.go(f"{PAGE}log/")
    newest, _, _ = customer.text.partition("Goes back to factory settings")
    return "Came online" in newest and "Applied its configuration" in newest
