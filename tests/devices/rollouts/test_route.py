"""Stepping stones: every step fits, every step rises, and the way ends at the wanted image."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rollouts.route import Stone, next_step
from devices.rollouts.versions import is_older

numbers = st.integers(1, 12)
versions = st.builds("2.{}".format, numbers)


@st.composite
def stones(draw: st.DrawFn, number: int) -> Stone:
    return Stone(number, draw(versions), draw(st.just("") | versions))


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, Stone, list[Stone]]:
    offered = [draw(stones(number)) for number in range(draw(st.integers(0, 8)))]
    return draw(versions), draw(stones(99)), offered


def fits(stone: Stone, runs: str) -> bool:
    return not stone.needs or is_older(runs, stone.needs) is False


def way(runs: str, wanted: Stone, offered: list[Stone]) -> list[Stone]:
    """Every image installed on the way to the wanted one; it ends where there is no next step."""
    taken: list[Stone] = []
    while (not taken or taken[-1] != wanted) and (step := next_step(runs, wanted, offered)):
        taken.append(step)
        runs = step.version
        assert len(taken) <= len(offered) + 1, "it goes round in circles"
    return taken


def can_be_reached(runs: str, wanted: Stone, offered: list[Stone]) -> bool:
    """By trying everything."""
    reached = {runs}
    while True:
        more = {
            stone.version
            for stone in offered
            for version in reached
            if fits(stone, version)
            and is_older(version, stone.version)
            and is_older(stone.version, wanted.version)
        }
        if more <= reached:
            return any(fits(wanted, version) for version in reached)
        reached |= more


@given(cases())
def test_every_step_fits_and_rises(case):
    runs, wanted, offered = case
    for step in way(runs, wanted, offered):
        assert fits(step, runs)
        assert step == wanted or is_older(runs, step.version)
        runs = step.version


@given(cases())
def test_a_way_leads_to_the_end_and_is_found_when_there_is_one(case):
    steps = way(*case)
    assert bool(steps) is can_be_reached(*case)
    assert not steps or steps[-1] == case[1]


@given(cases())
def test_what_lies_between_is_never_newer_than_what_is_wanted(case):
    _, wanted, _ = case
    assert all(is_older(step.version, wanted.version) for step in way(*case)[:-1])


@given(cases())
def test_the_order_of_the_offers_does_not_matter(case):
    runs, wanted, offered = case
    assert next_step(runs, wanted, offered) == next_step(runs, wanted, offered[::-1])


def test_it_strides_as_far_as_it_can():
    stones = [Stone(1, "2.5"), Stone(2, "2.7"), Stone(3, "3.0", needs="2.7")]
    assert [one.version for one in way("2.1", Stone(9, "4.0", needs="3.0"), stones)] == ["2.7", "3.0", "4.0"]


def test_without_need_it_goes_straight():
    assert next_step("2.1", Stone(9, "4.0"), [Stone(1, "3.0")]) == Stone(9, "4.0")


def test_older_firmware_needs_no_stones():
    assert next_step("4.0", Stone(9, "3.0", needs="2.0"), [Stone(1, "3.5")]) == Stone(9, "3.0", needs="2.0")


@pytest.mark.parametrize("runs", ["", "TIP-devel-fe3ca4ae"])
def test_from_an_unknown_version_only_what_needs_nothing(runs):
    assert next_step(runs, Stone(9, "4.0", needs="3.0"), [Stone(1, "3.0")]) is None
    assert next_step(runs, Stone(9, "4.0"), []) == Stone(9, "4.0")


def test_many_stones_and_no_way_are_seen_at_once():
    many = [Stone(number, f"2.{number}") for number in range(1, 200)]
    assert next_step("2.0", Stone(999, "4.0", needs="3.0"), many) is None
