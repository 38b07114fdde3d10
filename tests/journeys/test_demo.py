"""``make demo``: a first page, access points coming online, a save reaching them, an end without remains."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mechanicalsoup
import pytest

from tests.servers import free_port
from tests.stack import LOGIN, ROOT, Browser, answers, wait_for


@pytest.fixture
def demo(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    ports = {"DEMO_PORT": str(free_port()), "DEMO_OUTPOST_PORT": str(free_port())}
    process = subprocess.Popen(
        [sys.executable, "-m", "console.demo"],
        cwd=ROOT,
        env=inherited | ports | {"DEMO_DIRECTORY": str(tmp_path / "demo")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def told(demo: "subprocess.Popen[str]", label: str) -> str:
    """The word behind ``label`` in what the demo prints."""
    assert demo.stdout is not None
    for line in demo.stdout:
        if found := re.match(rf"\s*{label}\s+(\S+)", line):
            return found.group(1)
    raise AssertionError(f"The demo ended without a word of its {label}")


def test_everything_starts_works_and_ends(demo: "subprocess.Popen[str]", tmp_path: Path) -> None:
    url, password = told(demo, "Open"), told(demo, "Password")
    browser = Browser(url, password)
    wait_for(lambda: all_online(browser), timeout=120, words=lambda: browser.text)
    save_a_passphrase(browser)
    wait_for(lambda: says(browser, "Applied to 9 of 9"), timeout=120, words=lambda: browser.text)
    reset_password(url)
    assert [*(tmp_path / "demo" / "mails").iterdir()]
    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 0
    assert not answers(f"{url}/livez")


def all_online(browser: Browser) -> bool:
    browser.go("/")
    return browser.text.count("All is well") == 3


def save_a_passphrase(browser: Browser) -> None:
    browser.follow_link("/networks/\\d+/$")
    browser.follow_link("/wifi/\\d+/$")
    browser.fill(passphrase="a new passphrase")
    browser.fill()


def reset_password(url: str) -> None:
    """The shortest way to a mail."""
    browser = mechanicalsoup.StatefulBrowser()
    browser.open(f"{url}/account/password/reset/")
    browser.select_form("main form")
    browser["email"] = LOGIN
    browser.submit_selected()


def says(browser: Browser, words: str) -> bool:
    browser.refresh()
    return words in browser.text


def test_a_wrong_variable_is_named() -> None:
    environment = os.environ | {"DEMO_FLEET": "many"}
    done = subprocess.run(
        [sys.executable, "-m", "console.demo"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "DEMO_FLEET is 'many'" in done.stderr
