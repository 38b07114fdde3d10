"""Silence, lateness and return, when no fact tells of them."""

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.live_store import live_store
from devices.models import AccessPoint, Event, Link
from devices.presence import LATE_AFTER, OFFLINE_AFTER, compare_all, link_of, watch
from devices.publishing import publish_network
from outpost.store.contract import Reported, Seen
from tests.devices.door import Door
from tests.world import COUNTER, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)
NOW = 1_800_000_000.0


def heard(ago: float, **told: Any) -> Reported:
    return Reported(COUNTER, **({"session": 5, "connected": True, "last_seen": NOW - ago} | told))


@pytest.mark.parametrize(
    ("link", "reported", "expected"),
    [
        (Link.ONLINE, heard(60), Link.ONLINE),
        (Link.ONLINE, heard(LATE_AFTER), Link.LATE),
        (Link.ONLINE, heard(OFFLINE_AFTER), Link.OFFLINE),
        (Link.LATE, heard(10), Link.ONLINE),
        (Link.OFFLINE, heard(10), Link.ONLINE),
        (Link.ONLINE, heard(10, connected=False), Link.ONLINE),  # the fact is still on its way
        (Link.ONLINE, heard(60, connected=False), Link.OFFLINE),
        (Link.ONLINE, Reported(COUNTER), Link.LATE),  # the live store was lost a moment ago
        (Link.LATE, Reported(COUNTER), Link.OFFLINE),
        (Link.WAITING, heard(10), Link.WAITING),
        (Link.DISABLED, heard(10), Link.DISABLED),
    ],
)
def test_what_silence_means(link: Link, reported: Reported, expected: Link) -> None:
    assert link_of(link, reported, NOW) == expected


@pytest.fixture
def present(world: World, door: Door) -> World:
    """Counter and Window have been connected since a moment ago."""
    for serial in (COUNTER, WINDOW):
        door.connect(serial)
    list(publish_network(world.harbour.pk))
    return world


def link(serial: str) -> str:
    return AccessPoint.objects.get(serial=serial).link


def later(seconds: float) -> float:
    return time.time() + seconds


def test_late_then_silent_then_noted_once(present: World) -> None:
    assert watch(later(LATE_AFTER + 5)) == 2
    assert link(COUNTER) == Link.LATE
    assert watch(later(OFFLINE_AFTER + 5)) == 2
    assert watch(later(OFFLINE_AFTER + 5)) == 0
    assert [event.kind for event in present.counter.events.all()] == ["silent"]


def test_a_late_one_that_is_heard_is_online(present: World, door: Door) -> None:
    watch(later(LATE_AFTER + 5))
    door.store.seen([Seen(COUNTER, door.sessions[COUNTER], later(LATE_AFTER))])
    watch(later(LATE_AFTER + 5))
    assert (link(COUNTER), link(WINDOW)) == (Link.ONLINE, Link.LATE)


def test_a_silent_one_heard_again_in_the_same_session(present: World, door: Door) -> None:
    watch(later(OFFLINE_AFTER + 5))
    door.store.seen([Seen(COUNTER, door.sessions[COUNTER], later(OFFLINE_AFTER + 30))])
    assert sum(compare_all(later(OFFLINE_AFTER + 40))) == 1
    assert link(COUNTER) == Link.ONLINE
    assert present.counter.events.filter(kind="heard").count() == 1


def test_nobody_silent_costs_one_statement(present: World) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert watch() == 0
    assert len(queries) == 1


def test_silence_costs_a_few_statements_for_all_of_them(present: World) -> None:
    with CaptureQueriesContext(connection) as queries:
        watch(later(OFFLINE_AFTER + 5))
    assert len(queries) <= 8


def test_a_lost_live_store_takes_two_looks_to_believe(present: World, door: Door) -> None:
    live_store().remove_desired([COUNTER, WINDOW])
    door.store.runner.run(door.store.store._client.flushdb())  # type: ignore[attr-defined]
    assert [sum(compare_all()), link(COUNTER)] == [2, Link.LATE]
    assert [sum(compare_all()), link(COUNTER)] == [2, Link.OFFLINE]


def test_what_ingest_heard_meanwhile_stands(present: World) -> None:
    AccessPoint.objects.filter(serial=COUNTER).update(session=2**60)
    watch(later(OFFLINE_AFTER + 5))
    assert (link(COUNTER), link(WINDOW)) == (Link.ONLINE, Link.OFFLINE)


def test_one_given_up_is_no_trouble(present: World) -> None:
    present.counter.release(present.ada)
    assert watch(later(OFFLINE_AFTER + 5)) == 1
    assert Event.objects.filter(kind="silent").count() == 1


def offline_since(serial: str = COUNTER) -> float | None:
    at = AccessPoint.objects.get(serial=serial).offline_since
    return at.timestamp() if at else None


def test_a_silent_one_is_offline_since_its_last_sign_of_life(present: World, door: Door) -> None:
    last = later(60)
    door.store.seen([Seen(COUNTER, door.sessions[COUNTER], last)])
    watch(last + LATE_AFTER + 5)
    assert offline_since() is None  # late is not offline
    watch(last + OFFLINE_AFTER + 5)
    assert offline_since() == pytest.approx(last, abs=1)
    list(compare_all(last + OFFLINE_AFTER + 60))
    assert offline_since() == pytest.approx(last, abs=1)
    door.store.seen([Seen(COUNTER, door.sessions[COUNTER], last + OFFLINE_AFTER + 90)])
    list(compare_all(last + OFFLINE_AFTER + 100))
    assert offline_since() is None


def test_one_a_new_live_store_does_not_know_is_offline_since_now(present: World, door: Door) -> None:
    """It may have been here all the time: what counts is when it was found missing."""
    live_store().remove_desired([COUNTER, WINDOW])
    door.store.runner.run(door.store.store._client.flushdb())  # type: ignore[attr-defined]
    for wait in (3600, 3700):
        list(compare_all(later(wait)))
    assert offline_since() == pytest.approx(later(3700), abs=50)
