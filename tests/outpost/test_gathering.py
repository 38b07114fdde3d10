"""Things go to the store together, wait while it is away, and none is lost before the bound is reached."""

import asyncio

import pytest

from outpost import metrics
from outpost.gathering import Gathering
from outpost.store.contract import StoreUnavailable


class Taken:
    """What arrived, call by call; the first ``away`` calls are not answered."""

    def __init__(self, away=0, broken=0):
        self.calls = []
        self.away, self.broken = away, broken

    async def __call__(self, items):
        if self.away:
            self.away -= 1
            raise StoreUnavailable("gone")
        if self.broken:
            self.broken -= 1
            raise TypeError("a mistake of ours")
        self.calls.append(dict(items))


def gathered(taken, *pairs, meanwhile=(), **options):
    """Run until everything went."""

    async def run():
        gathering = Gathering("test", taken, retry=0.001, **options)
        for key, value in pairs:
            gathering.add(key, value)
        task = asyncio.create_task(gathering.run())
        await asyncio.sleep(0)
        for key, value in meanwhile:
            gathering.add(key, value)
        await asyncio.wait_for(gathering.emptied(), 60)
        task.cancel()

    asyncio.run(run())
    return taken.calls


def test_everything_waiting_goes_in_one_call():
    assert gathered(Taken(), ("a", 1), ("b", 2)) == [{"a": 1, "b": 2}]


def test_not_more_than_the_most_at_once_and_oldest_first():
    assert gathered(Taken(), *((n, n) for n in range(5)), most=2) == [{0: 0, 1: 1}, {2: 2, 3: 3}, {4: 4}]


def test_two_of_one_key_are_merged():
    pairs = ("a", 1), ("a", 2)
    assert gathered(Taken(), *pairs) == [{"a": 2}]
    assert gathered(Taken(), *pairs, merge=lambda older, newer: older + newer) == [{"a": 3}]


def test_while_the_store_is_away_everything_is_kept_in_order():
    (call,) = gathered(Taken(away=3), ("a", 1), ("b", 2), meanwhile=[("c", 3), ("a", 9)])
    assert list(call.items()) == [("a", 9), ("b", 2), ("c", 3)]


def test_beyond_the_bound_the_oldest_go_and_are_counted():
    before = metrics.FACTS_DROPPED._value.get()
    (call,) = gathered(Taken(away=1), *((n, n) for n in range(5)), meanwhile=[(5, 5), (6, 6)], kept=4)
    assert list(call) == [3, 4, 5, 6]
    assert metrics.FACTS_DROPPED._value.get() - before == 3


def test_a_mistake_of_ours_stops_nothing_that_comes_later(caplog):
    assert gathered(Taken(broken=1), ("a", 1), ("b", 2), most=1) == [{"b": 2}]
    assert "given up" in caplog.text


@pytest.mark.parametrize("away", [1, 4])
def test_an_outage_is_logged_once(caplog, away):
    caplog.set_level("INFO")
    gathered(Taken(away=away), ("a", 1))
    assert [record.getMessage() for record in caplog.records] == [
        "the live store does not answer",
        "the live store answers again",
    ]


def test_a_call_that_never_ends_is_seen_to_last():
    async def run():
        gathering = Gathering("test", lambda items: asyncio.Event().wait())
        task = asyncio.create_task(gathering.run())
        assert gathering.calling() == 0.0
        gathering.add("a", 1)
        await asyncio.sleep(0.02)
        assert gathering.calling() > 0.0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert gathering.calling() == 0.0

    asyncio.run(run())
