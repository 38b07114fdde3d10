"""Ctrl+K finds what somebody has in hand, in their own organisation."""

import pytest
from django.urls import reverse

from tests.console.air import OnAir
from tests.world import LOBBY, World


def search(world: World, text: str, **more: str) -> str:
    page = world.browser(world.vi).get(reverse("search", args=["cafe-lento"]), {"q": text})
    return page["Location"] if page.status_code == 302 else page.content.decode()


@pytest.mark.parametrize("text", ["24f5a2000001", "24:F5:A2:00:00:01", "24-f5-a2-00-00-01", "24f5.a200.0001"])
def test_a_whole_serial_goes_straight_to_its_access_point(world: World, text: str) -> None:
    assert search(world, text) == reverse("access_point", args=["cafe-lento", world.counter.serial])


@pytest.mark.parametrize(
    ("text", "found", "missing"),
    [("harb", "Harbour", "Market Square"), ("terr", "Terrace", "Counter"), ("00:00:02", "Window", "Terrace")],
)
def test_a_part_of_a_name_or_serial(world: World, text: str, found: str, missing: str) -> None:
    page = search(world, text).split("<main")[1]
    assert found in page
    assert missing not in page


def test_the_address_it_comes_from(world: World) -> None:
    OnAir(world.window).check_in()
    assert "Window" in search(world, "203.0.113.7")


@pytest.mark.parametrize("text", [LOBBY, "Lobby", "Main house", "%", "_", "\0", "x" * 500])
def test_what_is_somebody_else_s_or_nothing_is_not_found(world: World, text: str) -> None:
    assert "Nothing fits" in search(world, text) or "Type part of a name" in search(world, text)
