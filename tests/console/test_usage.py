"""A network's usage: figures, chart, table and CSV of the time asked for, and of that network alone."""

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import F, Sum
from django.test import Client
from django.urls import reverse

from devices.models import AccessPoint, Usage, UsageCounter
from devices.models.usage import COARSE, FINE
from devices.usage.recording import measure
from tests.console.air import put_on_air
from tests.world import World

NOW = datetime(2026, 11, 21, 12, 7, tzinfo=UTC)
MB = 10**6


def used(access_point: AccessPoint, at: datetime, megabytes: int, clients: int, **other: Any) -> None:
    Usage.objects.create(
        **{"seconds": FINE, "ssid": "", "network": access_point.network} | other,
        access_point=access_point,
        at=at,
        clients=clients,
        downloaded=megabytes * MB,
        uploaded=megabytes * MB // 10,
    )


@pytest.fixture
def vi(world: World) -> Iterator[Client]:
    """A viewer, five past twelve."""
    with time_machine.travel(NOW, tick=False):
        yield world.browser(world.vi)


def address(world: World, span: str = "", name: str = "usage") -> str:
    return reverse(name, args=["cafe-lento", world.harbour.pk]) + (f"?span={span}" if span else "")


def chart(page: str) -> dict[str, Any]:
    found = re.search(r'data-usage="([^"]*)"', page)
    assert found
    return dict(json.loads(html.unescape(found[1])))


def rows(vi: Client, world: World, span: str) -> list[list[str]]:
    answer = vi.get(address(world, span, "usage_csv"))
    return [
        line.split(",") for line in b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[1:]
    ]


def test_before_anything_was_counted(world: World, vi: Client) -> None:
    page = vi.get(address(world)).content.decode()
    assert "Nothing counted yet" in page
    assert "data-usage" not in page


def test_five_minutes_of_two_access_points_become_one_point(world: World, vi: Client) -> None:
    noon = NOW.replace(minute=0)
    used(world.counter, noon, 3, 4)
    used(world.window, noon, 2, 3)
    used(world.counter, noon + timedelta(minutes=5), 1, 5)
    used(world.counter, noon, 100, 100, ssid="Lento")
    used(world.terrace, noon, 100, 100)
    used(world.lobby, noon, 100, 100)
    told = chart(vi.get(address(world)).content.decode())
    assert (told["downloaded"][-1], told["uploaded"][-1], told["clients"][-1]) == (6 * MB, 600_000, 7)
    assert rows(vi, world, "24h") == [["2026-11-21T12:00:00+00:00", "6000000", "600000", "7"]]


def test_a_day_and_a_week_begin_where_they_should(world: World, vi: Client) -> None:
    for hours in (25, 23, 1):
        used(world.counter, NOW.replace(minute=5) - timedelta(hours=hours), 1, 1)
    for days in (8, 6, 1):
        used(world.counter, NOW.replace(minute=0) - timedelta(days=days), 1, 1, seconds=COARSE)
    assert [row[0][8:16] for row in rows(vi, world, "24h")] == ["20T13:00", "21T11:00"]
    assert [row[0][8:16] for row in rows(vi, world, "7d")] == ["15T12:00", "20T12:00"]
    assert len(chart(vi.get(address(world, "7d")).content.decode())["at"]) == 168


def test_where_nothing_was_counted_is_a_gap_and_no_nought(world: World, vi: Client) -> None:
    used(world.counter, NOW.replace(minute=0) - timedelta(hours=2), 0, 0)
    told = chart(vi.get(address(world)).content.decode())
    assert len(told["at"]) == 96
    assert [value for value in told["downloaded"] if value is not None] == [0]


def test_what_simulated_access_points_say_is_counted(world: World) -> None:
    on_air = put_on_air(world.harbour, clients=8)
    measure()
    UsageCounter.objects.update(at=F("at") - timedelta(minutes=10))
    for one in on_air:
        one.report()
    assert measure() == 2
    by_ssid = dict(Usage.objects.values_list("ssid").annotate(Sum("downloaded")))
    assert by_ssid[""] == sum(moved for ssid, moved in by_ssid.items() if ssid) > 10 * MB


@pytest.mark.parametrize("span", ["", "1y", "24H", "\0", "7d&span=24h"])
def test_an_unknown_span_is_a_day(world: World, vi: Client, span: str) -> None:
    used(world.counter, NOW.replace(minute=0), 1, 1)
    page = vi.get(address(world, span))
    assert page.status_code == 200
    assert len(chart(page.content.decode())["at"]) == 96
