"""What any live store must do with what flows through it: facts, nudges, and its own lives.

The fixtures are those of ``contract_tests``.
"""

import asyncio
import threading
from collections.abc import Callable
from itertools import chain
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outpost.store.contract import LiveStore
from tests.outpost.store.driving import (
    CAFE,
    HALL,
    NOON,
    ROOF,
    Driven,
    connection,
    fact,
)

_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_one_store = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class FactContract:
    """Facts are read at least once."""

    def test_read_in_order_until_acknowledged(self, outpost: Driven, live: LiveStore) -> None:
        facts = [fact(number=number) for number in range(5)]
        outpost.append_facts(facts)
        read = live.read_facts("one", 3)
        assert [one.data for one in read] == [{"number": 0}, {"number": 1}, {"number": 2}]
        assert [one.id for one in read] == [one.id for one in facts[:3]]
        live.acknowledge(read)
        assert len(live.read_facts("two", 10)) == 2

    def test_what_a_consumer_works_on_is_not_given_to_another(self, outpost: Driven, live: LiveStore) -> None:
        outpost.append_facts([fact()])
        assert len(live.read_facts("one", 10)) == 1
        assert live.read_facts("two", 10) == []

    def test_another_consumer_gets_what_a_dead_one_left(
        self, outpost: Driven, live: LiveStore, abandon: Callable[[], None]
    ) -> None:
        outpost.append_facts([fact(), fact()])
        first = live.read_facts("one", 10)
        live.acknowledge(first[:1])
        abandon()
        assert live.read_facts("two", 10) == first[1:]
        assert live.read_facts("three", 10) == []

    def test_nothing_acknowledged_returns(
        self, outpost: Driven, live: LiveStore, abandon: Callable[[], None]
    ) -> None:
        outpost.append_facts([fact()])
        live.acknowledge(live.read_facts("one", 10))
        live.acknowledge([])
        abandon()
        assert live.read_facts("one", 10) == []

    def test_waiting_ends_with_the_first_fact(self, outpost: Driven, live: LiveStore) -> None:
        read: list[Any] = []
        reader = threading.Thread(target=lambda: read.extend(live.read_facts("one", 10, block=20.0)))
        reader.start()
        outpost.append_facts([fact(number=1)])
        reader.join(60)
        assert not reader.is_alive()
        assert [one.data for one in read] == [{"number": 1}]

    def test_a_lost_store_takes_facts_again(
        self, outpost: Driven, live: LiveStore, lose: Callable[[], None]
    ) -> None:
        outpost.append_facts([fact()])
        left = live.read_facts("one", 10)
        lose()
        assert live.read_facts("one", 10) == []
        live.acknowledge(left)
        outpost.append_facts([fact(number=2)])
        assert [one.data for one in live.read_facts("one", 10)] == [{"number": 2}]

    @_one_store
    @given(data=st.dictionaries(st.text(), _json, max_size=4))
    def test_any_data_survives(self, outpost: Driven, live: LiveStore, data: dict[str, Any]) -> None:
        outpost.append_facts([fact(data=data)])
        (read,) = live.read_facts("one", 10)
        live.acknowledge([read])
        assert read.data == {"data": data}


class NudgeContract:
    """Whoever holds an access point hears that something changed."""

    def heard(self, outpost: Driven, act: Callable[[], object], name: str = "east") -> list[list[str]]:
        """What an outpost hears: all batches up to the one with HALL, which the caller nudges last."""

        async def listen() -> list[list[str]]:
            batches: list[list[str]] = []
            async for serials in outpost.store.nudges(name):
                batches.append(serials)
                if HALL in serials:
                    break
                if not serials:
                    await asyncio.to_thread(act)
            return batches

        return outpost.runner.run(asyncio.wait_for(listen(), 60))

    def test_the_first_batch_says_compare_everything(self, outpost: Driven, live: LiveStore) -> None:
        outpost.connected([connection(HALL)])
        assert self.heard(outpost, lambda: live.nudge([HALL])) == [[], [HALL]]

    def test_only_the_holder_hears(self, outpost: Driven, live: LiveStore) -> None:
        outpost.connected([connection(CAFE, "west"), connection(ROOF), connection(HALL)])
        heard = self.heard(outpost, lambda: live.nudge([CAFE, ROOF, HALL, "ffffffffffff"]))
        assert sorted(chain.from_iterable(heard)) == sorted([ROOF, HALL])

    def test_the_latest_holder_hears(self, outpost: Driven, live: LiveStore) -> None:
        outpost.connected([connection(CAFE, "west"), connection(CAFE, "east"), connection(HALL)])
        heard = self.heard(outpost, lambda: live.nudge([CAFE, HALL]))
        assert sorted(chain.from_iterable(heard)) == sorted([CAFE, HALL])

    def test_nobody_hears_for_one_that_left(self, outpost: Driven, live: LiveStore) -> None:
        session, _ = outpost.connected([connection(CAFE), connection(HALL)])
        outpost.disconnected([(CAFE, session, NOON)])
        heard = self.heard(outpost, lambda: (live.nudge([CAFE]), live.nudge([HALL])))
        assert heard == [[], [HALL]]


class RebuildContract:
    """rebuild_due, mark_rebuilt."""

    def test_a_new_store_is_due(self, live: LiveStore) -> None:
        assert live.rebuild_due()

    def test_once_rebuilt_it_is_not(self, live: LiveStore) -> None:
        live.mark_rebuilt(live.rebuild_due())
        assert not live.rebuild_due()

    def test_a_lost_store_is_due_again(self, live: LiveStore, lose: Callable[[], None]) -> None:
        live.mark_rebuilt(live.rebuild_due())
        lose()
        assert live.rebuild_due()

    def test_rebuilding_an_earlier_life_does_not_count(self, live: LiveStore) -> None:
        live.mark_rebuilt("an earlier life")
        assert live.rebuild_due()
