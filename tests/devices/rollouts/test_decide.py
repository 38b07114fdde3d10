"""Single decisions, where a story tells more than a law."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from devices.rollouts.decide import (
    Budget,
    Claim,
    Finish,
    Halt,
    OpenWave,
    Settle,
    Snapshot,
    Wait,
    WaveCount,
    decide,
)

NOW = datetime(2026, 11, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNOPENED = WaveCount(2, 90, HOUR, ahead=90)


def wave(**counts) -> WaveCount:
    """The canary, opened two hours ago."""
    return replace(WaveCount(1, 10, HOUR, opened_at=NOW - 2 * HOUR), **counts)


def rollout(*waves: WaveCount, **terms) -> Snapshot:
    usual = Snapshot(NOW - HOUR, NOW + 24 * HOUR, Budget(20), at_once=5, waves=waves)
    return replace(usual, **terms)


def soaked(**counts) -> WaveCount:
    return wave(settled_at=NOW - HOUR, **counts)


@pytest.mark.parametrize(
    ("snapshot", "decision"),
    [
        (rollout(UNOPENED, starts_at=NOW + HOUR), Wait("not started", NOW + HOUR)),
        (rollout(UNOPENED), OpenWave(2)),
        (rollout(wave(due=10)), Claim(5)),
        (rollout(wave(due=7, busy=3)), Claim(2)),
        (rollout(wave(due=5, busy=5)), Wait("busy")),
        (rollout(wave(ahead=10)), Wait("windows")),
        (rollout(wave(succeeded=10), UNOPENED), Settle(1)),
        (rollout(wave(succeeded=7, absent=3), UNOPENED), Settle(1)),
        (rollout(wave(succeeded=10, settled_at=NOW), UNOPENED), Wait("soaking", NOW + HOUR)),
        (rollout(soaked(succeeded=10), UNOPENED), OpenWave(2)),
        (rollout(soaked(succeeded=4, absent=6), UNOPENED), Wait("unproved", NOW + 24 * HOUR)),
        (rollout(soaked(succeeded=4, absent=4, cancelled=2), UNOPENED), OpenWave(2)),
        (rollout(soaked(succeeded=10, lost=3), UNOPENED), Wait("lost", NOW + timedelta(minutes=30))),
        (rollout(soaked(succeeded=9, absent=1)), Wait("absent", NOW + 24 * HOUR)),
        (rollout(soaked(succeeded=10)), Finish()),
        (rollout(soaked(succeeded=9, failed=1)), Finish()),
        (rollout(soaked(succeeded=5, due=5)), Claim(5)),
    ],
)
def test_one_thing_after_another(snapshot, decision):
    assert decide(snapshot, NOW) == decision


@pytest.mark.parametrize("counts", [{"failed": 2}, {"retrying": 2, "ahead": 2}, {"failed": 1, "retrying": 1}])
def test_it_halts_when_failures_reach_the_budget(counts):
    assert decide(rollout(wave(due=5, **counts)), NOW) == Halt(2, 10)
    assert decide(rollout(wave(due=5, **counts), forgiven=1), NOW) == Claim(5)


def test_those_that_stay_silent_after_their_soak_are_failures():
    late = timedelta(minutes=30)
    assert decide(rollout(soaked(succeeded=10, lost=2), UNOPENED), NOW + late) == Halt(2, 10)
    assert decide(rollout(soaked(succeeded=10, lost=1), UNOPENED), NOW + late) == OpenWave(2)


def test_it_gives_up_but_never_on_those_under_way():
    over = {"gives_up_at": NOW}
    assert decide(rollout(wave(due=9, busy=1), **over), NOW) == Wait("busy")
    assert decide(rollout(wave(due=9, absent=1), **over), NOW) == Finish(left_out=10)


def test_a_latecomer_under_way_holds_the_end_up():
    assert decide(rollout(soaked(succeeded=9, busy=1)), NOW) == Wait("busy")


@pytest.mark.parametrize("counts", [{"succeeded": 10}, {}])
def test_when_the_rest_is_cancelled_it_ends(counts):
    rest = replace(UNOPENED, ahead=0, cancelled=90)
    assert decide(rollout(soaked(cancelled=10 - len(counts) * 10, **counts), rest), NOW) == Finish()


@pytest.mark.parametrize(
    ("budget", "opened", "limit"),
    [
        (Budget(3, "count"), 1000, 3),
        (Budget(5), 1000, 50),
        (Budget(5), 1001, 51),
        (Budget(5), 1, 1),
        (Budget(1), 0, 1),
        (Budget(100), 10, 10),
    ],
)
def test_a_budget_is_a_number_or_percent_rounded_up_and_at_least_one(budget, opened, limit):
    assert not budget.reached(limit - 1, opened)
    assert budget.reached(limit, opened)
