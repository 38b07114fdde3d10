"""The whole Redis emptied at once, queues and live store: nothing a customer asked for is lost."""

import pytest
import redis

from tests.faults.conftest import Scene

pytestmark = pytest.mark.timeout(300)
BACK_WITHIN = 120.0  # seconds


def flush(scene: Scene) -> None:
    with redis.Redis.from_url(scene.stack.redis.url) as server:
        server.flushall()


def test_flushed_amid_a_save_it_comes_back_by_itself(scene: Scene) -> None:
    """No process is restarted, no command typed."""
    passphrase = scene.propose()
    scene.browser.fill()
    flush(scene)
    scene.wait_until_on_air(passphrase, BACK_WITHIN)
    after = scene.propose()
    flush(scene)
    scene.browser.fill()
    scene.wait_until_on_air(after, BACK_WITHIN)


def test_brought_back_by_hand_where_no_scheduler_runs(scene: Scene) -> None:
    passphrase = scene.propose()
    scene.stack.kill("scheduler")
    try:
        flush(scene)
        scene.browser.fill()
        flush(scene)
        scene.stack.manage("rebuild_live_store")
        scene.stack.manage("reconcile")
        scene.wait_until_on_air(passphrase, BACK_WITHIN)
    finally:
        scene.stack.restart("scheduler")
