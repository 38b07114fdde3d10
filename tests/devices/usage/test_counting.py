"""Whatever counters do, nothing is counted twice, backwards, or out of thin air."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.reported import Meter, State
from devices.usage.counting import LONGEST, MOST_PER_SECOND, Traffic, moved, readings, slots, spread

FIVE = 300.0
amounts = st.integers(0, 2**40)


def standing(
    down: int, up: int, ssid: str = "Lento", uptime: int | None = 9000, age: int | None = None
) -> State:
    return State(meters=(Meter("bss", ssid, down, up, age),), uptime=uptime)


def test_what_was_added_is_the_difference() -> None:
    assert moved({"bss": [100, 10]}, standing(350, 20), FIVE) == {"Lento": (250, 10)}


def test_a_first_look_counts_nothing() -> None:
    assert moved(None, standing(10**9, 10**8), 0.0) == {"Lento": (0, 0)}


def test_a_counter_seen_for_the_first_time_counts_nothing() -> None:
    assert moved({"other": [1, 1]}, standing(10**9, 10**8), FIVE) == {"Lento": (0, 0)}


def test_after_a_restart_it_counts_from_nought() -> None:
    assert moved({"bss": [100, 10]}, standing(350, 20, uptime=60), FIVE) == {"Lento": (350, 20)}


def test_after_its_wifi_was_set_up_anew_it_counts_from_nought() -> None:
    assert moved({"bss": [900, 90]}, standing(50, 5), FIVE) == {"Lento": (50, 5)}


def test_a_client_that_came_since_counts_whole() -> None:
    assert moved({}, standing(50, 5, age=120), FIVE) == {"Lento": (50, 5)}
    assert moved({}, standing(50, 5, age=1200), FIVE) == {"Lento": (0, 0)}


def test_both_radios_of_an_ssid_are_added_up() -> None:
    state = State(meters=(Meter("a", "Lento", 5, 1), Meter("b", "Lento", 7, 2)))
    assert moved({"a": [0, 0], "b": [0, 0]}, state, FIVE) == {"Lento": (12, 3)}


def test_what_no_air_can_carry_is_not_believed() -> None:
    state = standing(int(MOST_PER_SECOND * FIVE) + 1, 0)
    assert moved({"bss": [0, 0]}, state, FIVE) == {"Lento": (0, 0)}


@given(st.lists(st.tuples(amounts, amounts, st.booleans()), max_size=12))
def test_never_more_than_was_moved(steps: list[tuple[int, int, bool]]) -> None:
    """With resets anywhere, at most what was moved is counted; without any, all of it."""
    counted, truth, counter = Traffic(), Traffic(), Traffic()
    before = readings(standing(0, 0))
    for down, up, reset in steps:
        counter = (Traffic() if reset else counter) + (down, up)
        truth += (down, up)
        state = standing(*counter, uptime=None)
        counted += moved(before, state, 2.0**30)["Lento"]
        before = readings(state)
    assert counted[0] <= truth[0]
    assert counted[1] <= truth[1]
    if not any(reset for *_, reset in steps):
        assert counted == truth


@given(st.integers(0, 2**50), st.floats(0, 2**31), st.floats(0, 10_000))
def test_spreading_loses_nothing(amount: int, start: float, length: float) -> None:
    shares = spread(amount, start, start + length)
    touched = slots(start, start + length)
    assert sum(shares) == amount
    assert min(shares) >= 0
    assert len(shares) == len(touched) <= LONGEST // 300 + 1


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 300, [0]),
        (0, 301, [0, 300]),
        (150, 450, [0, 300]),
        (300, 300, [300]),
        (0, 7200, [3600 + 300 * n for n in range(12)]),
    ],
)
def test_slots_begin_at_whole_five_minutes(start: float, end: float, expected: list[int]) -> None:
    assert list(slots(start, end)) == expected


def test_shares_follow_the_time() -> None:
    assert spread(300, 150, 450) == [150, 150]
    assert spread(100, 0, 1200) == [25, 25, 25, 25]
