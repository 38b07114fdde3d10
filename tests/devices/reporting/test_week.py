"""What the mail of a week counts, in few statements, and that it counts nobody else's."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.claiming import claim
from devices.models import AccessPoint, Alert, Network
from devices.models.firmware import Channel
from devices.models.rollout import RolloutState
from devices.rendering.intent import NetworkIntent
from devices.reporting.week import Week, week_before
from devices.reporting.week_contents import NAMED
from tests.architecture.addresses import a_rollout
from tests.devices.reporting.months import HOUR, happens
from tests.devices.reporting.weeks import END, NOW, START, image, live_through
from tests.world import World


def told(world: World) -> dict[str, Any]:
    return Week(world.cafe, START, NOW).gather(lambda: None).told()


@pytest.fixture
def week(world: World) -> dict[str, Any]:
    live_through(world)
    return told(world)


@pytest.mark.parametrize("day", range(7))
def test_a_week_is_over_on_the_next_monday(day: int) -> None:
    assert week_before(END + timedelta(days=day)) == START
    assert week_before(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == START - timedelta(days=7)


def test_it_fits_into_a_task(week: dict[str, Any]) -> None:
    assert json.loads(json.dumps(week)) == week
    assert (week["start"], week["until"]) == ("2026-11-16", "2026-11-22")


def test_access_points_are_counted_as_they_are_now(week: dict[str, Any]) -> None:
    assert week["links"] == {"online": 1, "offline": 1, "unseen": 1, "disabled": 0}


def test_availability_beside_the_week_before(world: World, week: dict[str, Any]) -> None:
    """The counter was away for a tenth of the week, and half as long in the one before; the window never."""
    assert week["whole"] == {"percent": 95.0, "change": -2.5}
    harbour = {"pk": world.harbour.pk, "name": "Harbour", "percent": 95.0, "change": -2.5}
    assert (week["networks"], week["more"]) == ([harbour], 0)


def test_who_leaves_in_one_week_and_returns_in_the_next_is_away_in_both(world: World) -> None:
    AccessPoint.objects.filter(pk=world.counter.pk).update(first_seen=START - 300 * HOUR)
    happens(world.counter, "connected", START - 300 * HOUR)
    happens(world.counter, "silent", START - 16.8 * HOUR)
    happens(world.counter, "heard", START + 33.6 * HOUR)
    assert told(world)["whole"] == {"percent": 80.0, "change": -10.0}


def test_nothing_is_said_of_weeks_whose_log_is_gone(world: World, week: Any, settings: Any) -> None:
    settings.EVENTS_DAYS = 8
    assert told(world)["whole"] == {"percent": 95.0, "change": None}
    settings.EVENTS_DAYS = 5
    assert told(world)["whole"] == {"percent": None, "change": None}


def test_alerts_of_the_week_and_those_that_reach_into_it(world: World, week: dict[str, Any]) -> None:
    assert week["alerts"] == {"count": 1, "open": 0, "longest": 15.5 * 3600}
    Alert.objects.create(network=world.market, opened_at=START - HOUR, open_for=world.market.pk)
    assert told(world)["alerts"] == {"count": 2, "open": 1, "longest": 176 * 3600}


def test_firmware_is_measured_by_the_newest_stable_one_offered(world: World, week: dict[str, Any]) -> None:
    assert week["outdated"] == 1
    image(world, "v5.0-rc1", channel=Channel.BETA)
    image(world, "v6.0", withdrawn_at=NOW)
    image(world, "v7.0", organisation=world.hotel)
    assert told(world)["outdated"] == 1
    image(world, "v4.3")
    assert told(world)["outdated"] == 2


def test_without_an_offer_nothing_is_said_of_firmware(world: World) -> None:
    assert told(world)["outdated"] is None


def test_rollouts_that_go_on_or_finished(world: World, week: dict[str, Any]) -> None:
    rollout = a_rollout(world)
    assert told(world)["rollouts"] == {"open": 1, "halted": 0, "finished": 0}
    world.cafe.rollouts.filter(pk=rollout.pk).update(state=RolloutState.HALTED)
    assert told(world)["rollouts"] == {"open": 1, "halted": 1, "finished": 0}
    world.cafe.rollouts.update(state=RolloutState.FINISHED, ended_at=START + HOUR)
    assert told(world)["rollouts"] == {"open": 0, "halted": 0, "finished": 1}


def test_traffic_and_the_busiest_hour(world: World, week: dict[str, Any]) -> None:
    assert week["traffic"] == {"downloaded": 7 * 10**9, "uploaded": 7 * 10**8, "clients": 15}
    world.harbour.usage.all().delete()
    assert told(world)["traffic"] is None


def test_the_least_available_networks_are_named(world: World) -> None:
    for number in range(NAMED + 3):
        network = Network.open(world.ada, world.cafe, NetworkIntent(f"{number:02}", "NL", "Europe/Amsterdam"))
        claim(world.ada, network, f"24f5a2002{number:03x}")
        one = network.access_points.get()
        AccessPoint.objects.filter(pk=one.pk).update(first_seen=START, link="online")
        happens(one, "silent", START + number * HOUR)
        happens(one, "heard", START + number * 2 * HOUR)
    week = told(world)
    assert [one["name"] for one in week["networks"]] == [f"{number:02}" for number in range(12, 2, -1)]
    assert week["more"] == 3


def test_statements_do_not_grow_with_access_points(world: World, week: dict[str, Any]) -> None:
    claim(world.ada, world.harbour, "\n".join(f"24f5a2001{n:03x},Row {n}" for n in range(300)))
    AccessPoint.objects.filter(network=world.harbour).update(first_seen=START)
    with CaptureQueriesContext(connection) as statements:
        told(world)
    assert len(statements) <= 20
