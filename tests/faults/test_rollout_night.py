"""A rollout over a daylight-saving night while everything is killed: each access point once, in its window.

Access points in two zones, 3 % of them failing in three ways; `make night` rehearses it with 5,000. In
the night to 25 October 2026 the clocks go back in Amsterdam, and many of them are upgraded there then.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.night.chaos import Chaos
from tests.night.rehearsal import Rehearsal, Script, figures, play, rehearsal
from tests.night.script import ATTEMPTS, ENDS, PLACES, TERMS

pytestmark = pytest.mark.timeout(1200)
ACCESS_POINTS = int(os.environ.get("NIGHT_ACCESS_POINTS", "1000"))
NIGHT = Script(
    PLACES,
    access_points=ACCESS_POINTS,
    failing=0.03,
    begins=datetime(2026, 10, 23, 20, tzinfo=UTC),
    terms=TERMS,
)

# With Redis dies the word that a command was sent: the attempt then counts as none.
FORGOTTEN = 2
# Then nobody knows of one that never came back that it was tried: it waits until the rollout gives up.
UNTOLD = {("failed", "unsent"), ("cancelled", "left-out")}
TOLD_WITHIN = 45.0  # seconds from the command until MySQL has its word, whatever is killed but Redis


@pytest.fixture(scope="module")
def night() -> Iterator[Rehearsal]:
    """Played to its end."""
    with rehearsal(NIGHT) as night:
        online = night.wait_until_online()
        began = time.monotonic()
        night.start()
        director, chaos = night.director(), Chaos(night.stack, seed=3, most_redis=FORGOTTEN)
        play(night, chaos, director, timeout=600)
        print(f"all online after {online:.0f} s; {figures(night, chaos, director, time.monotonic() - began)}")
        yield night


def test_every_target_ends_in_its_right_state(night: Rehearsal) -> None:
    ends = night.books.ends()
    assert night.books.look().state == "finished"
    assert ends.keys() == night.fates.keys()
    right = {serial: ENDS[fate] for serial, fate in night.fates.items()}
    right |= {serial: right[serial] | UNTOLD for serial in untold(night)}
    assert {serial: end for serial, (*end, _) in ends.items() if tuple(end) not in right[serial]} == {}
    failed = sum(state != "succeeded" for state, _, _ in ends.values())
    assert failed == sum(fate != "well" for fate in night.fates.values())


def untold(night: Rehearsal) -> set[str]:
    """Those that never came back from an upgrade they were told to do shortly before Redis was killed."""
    asked = [
        (flash.serial, flash.asked) for flash in night.flashes() if night.fates[flash.serial] == "silent"
    ]
    return {one for one, at in asked for killed in night.redis_killed if 0 <= killed - at < TOLD_WITHIN}


def test_none_is_upgraded_twice(night: Rehearsal) -> None:
    """Those that fail are tried again, and no oftener than agreed as far as Redis remembered."""
    assert night.too_often(ATTEMPTS + FORGOTTEN) == {}
    assert len(night.flashes()) <= night.books.commands()
    assert {flash.serial for flash in night.flashes()} == night.fates.keys()


def test_none_is_upgraded_outside_its_window(night: Rehearsal) -> None:
    assert night.outside() == []


def test_the_night_had_its_second_hour_twice(night: Rehearsal) -> None:
    """Open from 0 to 3 o'clock UTC, which is from 2 to 4 on the wall."""
    asked = (night.clock.shown(flash.asked) for flash in night.flashes())
    first, last = datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC)
    assert sum(first <= at < last for at in asked) > ACCESS_POINTS / 20
