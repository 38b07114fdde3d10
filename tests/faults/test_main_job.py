"""The main job, end to end, on real processes: a customer saves, access points have it within a second."""

import time

from tests.faults.conftest import Scene
from tests.stack import wait_for


def test_a_save_reaches_every_access_point_and_the_page_says_so(scene: Scene) -> None:
    passphrase = scene.propose()
    assert "reconnect" in scene.browser.text
    scene.browser.fill()
    saved = time.monotonic()
    scene.wait_until_on_air(passphrase, timeout=10)
    print(
        f"last of {len(scene.network(scene.fleet.fleet))} acknowledged after {time.monotonic() - saved:.3f} s"
    )
    wait_for(lambda: page_says(scene, "Applied to 9 of 9"), timeout=10, words=lambda: scene.browser.text)


def test_an_unchanged_save_pushes_nothing(scene: Scene) -> None:
    before = scene.fleet.fleet.figures.counts.applied
    scene.open_ssid()
    scene.browser.fill()
    assert "Review" not in scene.browser.text
    assert scene.fleet.fleet.figures.counts.applied == before


def page_says(scene: Scene, words: str) -> bool:
    scene.browser.refresh()
    return words in scene.browser.text
