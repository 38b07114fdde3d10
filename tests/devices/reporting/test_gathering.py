"""What a month's report counts, and that it counts nobody else's."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.claiming import claim
from devices.models import AccessPoint
from devices.reporting.contents import Contents
from devices.reporting.gathering import Month
from tests.devices.reporting.months import END, HOUR, NOW, START, happens, live_through, long_ago
from tests.world import World

OCTOBER = date(2026, 10, 1)


def gathered(world: World) -> Contents:
    return Month(world.cafe, OCTOBER, NOW).gather(lambda _done: None)


@pytest.fixture
def october(world: World) -> Contents:
    live_through(world)
    return gathered(world)


def test_every_access_point_has_its_month(october: Contents) -> None:
    counter, window, terrace = october.access_points
    assert counter.online
    assert window.online
    assert (counter.name, counter.online.watched - counter.online.online) == ("Counter", 3 * HOUR)
    assert (window.online.watched, window.online.percent) == (END - START - 15 * 24 * HOUR, 100)
    assert (terrace.network, terrace.online, terrace.clients) == ("Market Square", None, 0)


def test_networks_add_up_what_was_theirs_that_month(october: Contents) -> None:
    harbour, market = october.networks
    assert (harbour.downloaded, harbour.uploaded) == (8 * 10**9, 8 * 10**8)
    assert (harbour.clients, harbour.alerts, harbour.access_points) == (13, 1, 2)
    assert (market.downloaded, market.alerts) == (0, 0)


def test_the_busiest_ssids_come_first(october: Contents) -> None:
    assert [(ssid, down) for ssid, down, _ in october.ssids] == [
        ("Lento", 7 * 10**9),
        ("Lento Guests", 10**9),
    ]


def test_every_day_is_there(october: Contents) -> None:
    assert len(october.days) == 31
    assert october.days[0] == (OCTOBER, 88 * 10**8)
    assert sum(moved for _, moved in october.days) == 88 * 10**8


def test_firmware_and_the_least_online(october: Contents) -> None:
    assert october.firmware == [("EAP101", "OpenWrt 25.12", 2)]
    assert [one.name for one in october.least_online(5)] == ["Counter"]


def test_a_month_so_far(world: World) -> None:
    live_through(world)
    early = Month(world.cafe, OCTOBER, START + 90 * HOUR).gather(lambda _done: None)
    assert early.until == START + 90 * HOUR
    assert len(early.days) == 4
    assert early.access_points[0].online
    assert early.access_points[0].online.percent == 100
    assert early.access_points[1].online is None


def test_nobody_knows_availability_from_before_the_log(world: World) -> None:
    live_through(world)
    late = Month(world.cafe, OCTOBER, NOW + 400 * 24 * HOUR).gather(lambda _done: None)
    assert [one.online for one in late.access_points] == [None] * 3
    assert late.networks[0].downloaded == 8 * 10**9


def test_one_whose_earlier_log_is_gone_was_what_its_first_line_ends(world: World) -> None:
    long_ago(world)
    AccessPoint.objects.update(first_seen=START - 200 * 24 * HOUR, link="offline")
    happens(world.counter, "disconnected", START + HOUR)
    counter, window, _terrace = gathered(world).access_points
    assert counter.online
    assert window.online
    assert counter.online.online == HOUR
    assert window.online.percent == 0


def test_what_came_after_the_month_is_not_in_it(world: World) -> None:
    live_through(world)
    AccessPoint.objects.filter(pk=world.window.pk).update(claimed_at=END)
    world.cafe.networks.filter(pk=world.market.pk).update(created_at=END)
    AccessPoint.objects.filter(pk=world.terrace.pk).update(claimed_at=END)
    told = gathered(world)
    assert [one.name for one in told.networks] == ["Harbour"]
    assert [one.name for one in told.access_points] == ["Counter"]


def test_an_organisation_without_anything(world: World) -> None:
    world.cafe.networks.all().delete()
    empty = gathered(world)
    assert (empty.networks, empty.access_points, empty.online) == ([], [], None)


def test_statements_grow_by_batches_alone(world: World) -> None:
    live_through(world)
    with CaptureQueriesContext(connection) as few:
        gathered(world)
    claim(world.ada, world.harbour, "\n".join(f"aa{number:010x}" for number in range(190)))
    AccessPoint.objects.filter(serial__startswith="aa0").update(first_seen=START, claimed_at=START)
    with CaptureQueriesContext(connection) as many:
        assert len(gathered(world).access_points) == 193
    assert len(many) == len(few) <= 110  # three a day, and a few
