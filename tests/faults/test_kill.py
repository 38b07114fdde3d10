"""kill -9 of any one process during a save loses nothing: the access points converge."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
import requests

from tests.faults.conftest import Scene

pytestmark = pytest.mark.timeout(300)
PROCESSES = ("console", "critical", "default", "facts", "scheduler", "outpost", "redis")


@pytest.mark.parametrize("name", PROCESSES)
def test_killed_while_a_save_is_on_its_way(scene: Scene, name: str, measured: Callable[..., None]) -> None:
    passphrase = scene.propose()
    scene.browser.fill()
    scene.stack.kill(name)
    killed = time.monotonic()
    scene.stack.restart(name)
    scene.stack.wait_until_ready()
    scene.wait_until_on_air(passphrase)
    measured(time.monotonic() - killed, "s from kill -9 until all had it")


@pytest.mark.parametrize("name", [name for name in PROCESSES if name != "console"])
def test_dead_before_the_save_and_back_after_it(scene: Scene, name: str) -> None:
    passphrase = scene.propose()
    scene.stack.kill(name)
    scene.browser.fill()
    scene.stack.restart(name)
    scene.wait_until_on_air(passphrase)


def test_a_console_killed_amid_the_request_saves_all_or_nothing(scene: Scene) -> None:
    passphrase = scene.propose()
    saving = threading.Thread(target=save_or_fail, args=[scene])
    saving.start()
    scene.stack.kill("console")
    saving.join()
    scene.stack.restart("console")
    scene.stack.wait_until_ready()
    scene.browser.go("/")
    second = scene.propose()
    scene.browser.fill()
    scene.wait_until_on_air(second)
    assert passphrase != second


def save_or_fail(scene: Scene) -> None:
    with suppress(requests.RequestException):
        scene.browser.fill()
