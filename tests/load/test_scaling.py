"""The arithmetic of target tracking, by hand on paper."""

from tests.load.autoscaling import DAYS, measure, production
from tests.load.scaling import DAY, HOUR, Floor, Minute, Policy, play
from tests.load.week import RUSH_AT, Week

STEADY = Policy(target=100, least=2, most=10, boot=3, drain=5)


def _run(policy: Policy, loads: list[float]) -> list[Minute]:
    return list(play(policy, lambda minute: loads[minute], len(loads)))


def test_a_load_at_the_target_changes_nothing() -> None:
    assert {minute.paid for minute in _run(STEADY, [200.0] * DAY)} == {2}


def test_three_minutes_above_the_target_start_what_is_missing_and_it_serves_once_it_has_booted() -> None:
    minutes = _run(STEADY, [500.0] * 10)
    assert [minute.paid for minute in minutes[:4]] == [2, 2, 5, 5]
    assert [minute.ready for minute in minutes[:7]] == [2, 2, 2, 2, 2, 5, 5]


def test_two_minutes_above_it_are_not_yet_a_reason() -> None:
    loads = [200.0, 500.0, 500.0, 200.0] * 10
    assert {minute.paid for minute in _run(STEADY, loads)} == {2}


def test_a_quarter_of_an_hour_below_nine_tenths_ends_what_is_too_much_after_it_drained() -> None:
    minutes = _run(STEADY, [500.0] * 20 + [150.0] * 40)
    assert minutes[-1].ready == minutes[-1].paid == 2
    first = next(number for number, minute in enumerate(minutes) if number > 20 and minute.ready < 5)
    assert first >= 34
    assert minutes[first].paid == 5


def test_nothing_exceeds_the_most_or_falls_below_the_floor_of_the_hour() -> None:
    floored = Policy(target=100, least=1, most=4, floors=[Floor(8, 18, 3, frozenset({0}))])
    minutes = _run(floored, [10_000.0] * HOUR + [0.0] * (2 * DAY - HOUR))
    assert max(minute.paid for minute in minutes) == 4
    assert minutes[7 * HOUR].ready == 1
    assert minutes[9 * HOUR].ready == 3
    assert minutes[DAY + 9 * HOUR].ready == 1


def test_a_week_is_the_same_again_and_has_its_rush_on_tuesday() -> None:
    week = Week(peak=1000)
    assert week(12345) == Week(peak=1000)(12345)
    assert week(RUSH_AT + 6) > 1.5 * week(RUSH_AT - 6)
    assert week(5 * DAY + 10 * HOUR) < 0.8 * week(3 * DAY + 10 * HOUR)


def test_productions_policy_is_read_from_terraform() -> None:
    policy = production()
    assert 1 < policy.least < policy.most
    assert policy.target > 0
    assert {floor.days for floor in policy.floors} <= set(DAYS.values())


def test_under_productions_policy_nobody_waits_through_the_week() -> None:
    assert [str(goal) for goal in measure().goals if not goal.is_met] == []
