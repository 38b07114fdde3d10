"""A rollout over a daylight-saving night while everything is killed: each access point once, in its window.

Access points in two zones, 3 % of them failing in three ways; `make night` rehearses it with 5,000. In
the night to 25 October 2026 the clocks go back in Amsterdam, and many of them are upgraded there then.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.night.chaos import Chaos
from tests.night.rehearsal import Place, Rehearsal, Script, figures, play, rehearsal

pytestmark = pytest.mark.timeout(900)
ACCESS_POINTS = int(os.environ.get("NIGHT_ACCESS_POINTS", "1000"))
ATTEMPTS = 2
PLACES = (
    *(Place(f"Harbour {n}", "NL", "Europe/Amsterdam", "02:00", "04:00") for n in range(6)),
    *(Place(f"Pier {n}", "US", "America/New_York", "01:00", "04:00") for n in range(4)),
)
TERMS = {
    "shares": [5, 20],
    "soak_minutes": [30],
    "budget": 10,
    "attempts": ATTEMPTS,
    "answer_minutes": 40,
    "at_once": 500,
}
NIGHT = Script(
    PLACES,
    access_points=ACCESS_POINTS,
    failing=0.03,
    begins=datetime(2026, 10, 23, 20, tzinfo=UTC),
    terms=TERMS,
)
BAD_NIGHT = Script(
    PLACES[:1] + PLACES[-1:],
    access_points=240,
    failing=0.4,
    begins=datetime(2026, 10, 24, 20, tzinfo=UTC),
    terms=TERMS | {"shares": [10, 50], "budget": 25},
)
ENDS = {
    "well": ("succeeded", "upgraded"),
    "fails": ("failed", "upgrade-failed"),
    "silent": ("failed", "silent"),
    "stale": ("failed", "old-firmware"),
}


@pytest.fixture(scope="module")
def night() -> Iterator[Rehearsal]:
    """Played to its end."""
    with rehearsal(NIGHT) as night:
        online = night.wait_until_online()
        began = time.monotonic()
        night.start()
        director, chaos = night.director(), Chaos(night.stack, seed=3)
        play(night, chaos, director, timeout=600)
        print(f"all online after {online:.0f} s; {figures(night, chaos, director, time.monotonic() - began)}")
        yield night


def test_every_target_ends_in_its_right_state(night: Rehearsal) -> None:
    ends = night.books.ends()
    assert night.books.look().state == "finished"
    assert ends.keys() == night.fates.keys()
    found = Counter((night.fates[serial], state, outcome) for serial, (state, outcome, _) in ends.items())
    assert found == Counter((fate, *ENDS[fate]) for fate in night.fates.values())


def test_none_is_upgraded_twice(night: Rehearsal) -> None:
    assert night.too_often(ATTEMPTS) == {}
    assert {flash.serial for flash in night.flashes()} == night.fates.keys()


def test_none_is_upgraded_outside_its_window(night: Rehearsal) -> None:
    assert night.outside() == []


def test_the_night_had_its_second_hour_twice(night: Rehearsal) -> None:
    """Open from 0 to 3 o'clock UTC, which is from 2 to 4 on the wall."""
    asked = (night.clock.shown(flash.asked) for flash in night.flashes())
    first, last = datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC)
    assert sum(first <= at < last for at in asked) > ACCESS_POINTS / 20


def test_when_failures_reach_the_budget_it_halts_and_nothing_more_is_claimed() -> None:
    with rehearsal(BAD_NIGHT) as night:
        night.wait_until_online()
        rollout = night.start()
        with Chaos(night.stack, seed=5, most_redis=0):
            halted_when_it_should(night)
            night.ask("resume", rollout=rollout)
            halted_when_it_should(night)
        assert night.too_often(ATTEMPTS) == {}
        assert night.outside() == []


def halted_when_it_should(night: Rehearsal) -> None:
    """It halts; what was under way comes to its end, and no command is added."""
    director = night.director()
    assert director.play(timeout=120).state == "halted"
    commands = night.books.commands()
    look = director.wind_down(timeout=120)
    assert (look.state, len(look.busy)) == ("halted", 0)
    assert night.books.commands() == commands
    assert look.counts["failed"] + sum(one.attempts > 0 for one in look.waiting) >= 1
    assert all(end[0] in (*ENDS[night.fates[s]], "waiting") for s, end in night.books.ends().items())
