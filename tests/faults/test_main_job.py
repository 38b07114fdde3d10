"""The main job, end to end, on real processes: a customer saves, access points have it within a second."""

import time

import pytest

from tests.faults.conftest import Scene
from tests.replication import query
from tests.stack import wait_for

pytestmark = pytest.mark.timeout(300)


def test_a_save_reaches_every_access_point_and_the_page_says_so(scene: Scene) -> None:
    passphrase = scene.propose()
    assert "reconnect" in scene.browser.text
    scene.browser.fill()
    saved = time.monotonic()
    scene.wait_until_on_air(passphrase, timeout=60)
    print(
        f"last of {len(scene.network(scene.fleet.fleet))} acknowledged after {time.monotonic() - saved:.3f} s"
    )
    wait_for(lambda: page_says(scene, "Applied to 9 of 9"), timeout=60, words=lambda: scene.browser.text)


def test_an_unchanged_save_pushes_nothing(scene: Scene) -> None:
    wait_for(lambda: nothing_to_do(scene), timeout=60)
    before = scene.fleet.fleet.figures.counts.applied
    scene.open_ssid()
    scene.browser.fill()
    assert "Review" not in scene.browser.text
    wait_for(lambda: nothing_to_do(scene), timeout=60)
    assert scene.fleet.fleet.figures.counts.applied == before


def nothing_to_do(scene: Scene) -> bool:
    return not query(scene.stack.database, "SELECT 1 FROM devices_task LIMIT 1")


def page_says(scene: Scene, words: str) -> bool:
    scene.browser.refresh()
    return words in scene.browser.text
