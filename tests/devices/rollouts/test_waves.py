"""Waves: everybody is in one, nobody in two, and those that are there go first."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rollouts.waves import Candidate, Share, deal, sizes

USUAL = (Share(1), Share(5), Share(25))
totals = st.integers(0, 20_000)
percents = st.lists(st.integers(1, 150), max_size=6).map(lambda all_of: [Share(n) for n in sorted(all_of)])
counts = st.lists(st.integers(1, 5000), max_size=6).map(
    lambda all_of: [Share(n, "count") for n in sorted(all_of)]
)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Candidate], list[int]]:
    serials = draw(st.lists(st.integers(0, 2**48 - 1), unique=True, max_size=80))
    fleet = [Candidate(f"{one:012x}", draw(st.integers(1, 5)), draw(st.booleans())) for one in serials]
    return fleet, sizes(len(fleet), draw(percents))


@given(totals, percents | counts)
def test_everybody_is_in_a_wave_and_none_is_empty(total, shares):
    waves = sizes(total, shares)
    assert sum(waves) == total
    assert all(size > 0 for size in waves)
    assert len(waves) <= len(shares) + 1


@given(totals, percents)
def test_no_wave_goes_further_than_its_share(total, shares):
    waves = sizes(total, shares)
    reached = [sum(waves[: number + 1]) for number in range(len(waves))]
    allowed = {min(total, -(-total * share.amount // 100)) for share in shares} | {total}
    assert set(reached) <= allowed


@pytest.mark.parametrize(
    ("total", "waves"),
    [(10_000, [100, 400, 2000, 7500]), (40, [1, 1, 8, 30]), (3, [1, 2]), (1, [1]), (0, [])],
)
def test_the_usual_shares(total, waves):
    assert sizes(total, USUAL) == waves


def test_a_canary_by_number():
    assert sizes(500, [Share(3, "count"), Share(50)]) == [3, 247, 250]


@pytest.mark.parametrize(
    "shares", [[Share(10), Share(5)], [Share(0)], [Share(-1)], [Share(9, "count"), Share(1)]]
)
def test_shares_that_do_not_rise_are_refused(shares):
    with pytest.raises(ValueError, match="wave"):
        sizes(100, shares)


@given(fleets(), st.text(max_size=5))
def test_a_deal_gives_everybody_one_wave_of_the_right_size(fleet_and_waves, seed):
    fleet, waves = fleet_and_waves
    dealt = deal(fleet, waves, seed)
    assert sorted(dealt) == sorted(one.serial for one in fleet)
    assert [list(dealt.values()).count(number + 1) for number in range(len(waves))] == waves


@given(fleets(), st.randoms())
def test_the_same_fleet_in_any_order_is_dealt_alike(fleet_and_waves, random):
    fleet, waves = fleet_and_waves
    mixed = random.sample(fleet, len(fleet))
    assert deal(mixed, waves, "seed") == deal(fleet, waves, "seed")


@given(fleets())
def test_nobody_offline_comes_before_somebody_online(fleet_and_waves):
    fleet, waves = fleet_and_waves
    online = {one.serial: one.online for one in fleet}
    order = [online[serial] for serial in deal(fleet, waves, "seed")]
    assert all(one or not other for one, other in pairwise(order))


@given(fleets())
def test_the_first_are_of_as_many_networks_as_there_are(fleet_and_waves):
    fleet, _ = fleet_and_waves
    here = [one for one in fleet if one.online]
    networks = {one.network for one in here}
    places = {one.serial: one.network for one in here}
    first = list(deal(here, [len(here)] if here else [], "seed"))[: len(networks)]
    assert {places[serial] for serial in first} == networks


def test_another_seed_deals_differently():
    fleet = [Candidate(f"{n:012x}", 1, online=True) for n in range(50)]
    assert list(deal(fleet, [50], "one")) != list(deal(fleet, [50], "two"))


def test_waves_that_do_not_hold_the_fleet_are_refused():
    with pytest.raises(ValueError, match="exactly"):
        deal([Candidate("0" * 12, 1, online=True)], [2], "seed")
