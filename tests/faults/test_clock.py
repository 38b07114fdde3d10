"""An instance whose clock goes wrong takes itself out, harms nobody else, and comes back when it is right."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
import redis
import requests

from jobs.scheduler import LAST_TICK_KEY, Scheduler
from tests.faults.conftest import Scene
from tests.faults.other_clock import OtherClock, other_clock
from tests.stack import wait_for

pytestmark = pytest.mark.timeout(300)
OUT_WITHIN = 60.0  # seconds from the clock's jump


@pytest.fixture(scope="module")
def other(scene: Scene) -> Iterator[OtherClock]:
    """Its scheduler leads: the usual one was started after it."""
    scene.stack.kill("scheduler")
    with other_clock(scene.stack) as machine, closing(redis.Redis.from_url(_queues(scene))) as server:
        wait_for(lambda: bool(server.get(Scheduler.scheduler_lock_key)), 60, machine.last_words)
        scene.stack.restart("scheduler")
        yield machine


def _queues(scene: Scene) -> str:
    return f"{scene.stack.redis.url}/0"


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_a_wrong_clock_takes_an_instance_out(
    scene: Scene, other: OtherClock, ahead: int, measured: Callable[..., Any]
) -> None:
    other.put(ahead)
    began = time.monotonic()
    side = "ahead of" if ahead > 0 else "behind"
    wait_for(lambda: is_out(other, "console", f"{side} the database's"), OUT_WITHIN)
    wait_for(lambda: is_out(other, "outpost", f"{side} the live store's"), OUT_WITHIN)
    measured(time.monotonic() - began, "s until console and outpost were out")
    wait_for(lambda: ticks(scene), OUT_WITHIN)
    passphrase = scene.propose()
    scene.browser.fill()
    scene.wait_until_on_air(passphrase)
    assert "the clock of this machine is wrong" in other.log("scheduler")
    other.put(0)
    other.wait_until_ready(OUT_WITHIN)


def is_out(other: OtherClock, name: str, why: str) -> bool:
    """Not just slow to answer."""
    with suppress(requests.RequestException):
        answer = requests.get(other.readiness[name], timeout=10)
        return answer.status_code == 503 and why in answer.text
    return False


def ticks(scene: Scene) -> bool:
    """The timetable goes on, by a right clock, and nothing of it is due in an hour alone."""
    with closing(redis.Redis.from_url(_queues(scene))) as server:
        last = float(server.get(LAST_TICK_KEY) or 0)  # type: ignore[arg-type]
        due = server.zscore(Scheduler.scheduled_jobs_key, "timetable-dispatch") or 0
        return abs(time.time() - last) < 3 and abs(time.time() - due) < 10
