"""A rollout of which too much fails, while workers and outposts are killed: it halts, also after a resume."""

from datetime import UTC, datetime

import pytest

from tests.night.chaos import Chaos
from tests.night.rehearsal import Rehearsal, Script, rehearsal
from tests.night.script import ATTEMPTS, ENDS, PLACES, TERMS

pytestmark = pytest.mark.timeout(1000)
BAD_NIGHT = Script(
    PLACES[:1] + PLACES[-1:],
    access_points=240,
    failing=0.4,
    begins=datetime(2026, 10, 24, 20, tzinfo=UTC),
    terms=TERMS | {"shares": [10, 50], "budget": 25},
)


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
    assert director.play(timeout=300).state == "halted"
    commands = night.books.commands()
    look = director.wind_down(timeout=300)
    assert (look.state, len(look.busy)) == ("halted", 0)
    assert night.books.commands() == commands
    assert look.counts["failed"] + sum(one.attempts > 0 for one in look.waiting) >= 1
    for serial, (state, _outcome, _) in night.books.ends().items():
        assert state in {"waiting", *(one for one, _ in ENDS[night.fates[serial]])}
