"""How many statements a page may take, however many rows it shows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organisation, User
from devices.claiming import claim
from devices.models import Network, Task
from devices.rendering.intent import NetworkIntent
from tests.console.air import OnAir
from tests.world import World

PAGES: dict[str, tuple[int, Callable[[World], list[Any]]]] = {
    "dashboard": (16, lambda world: []),
    "network": (15, lambda world: [world.harbour.pk]),
    "access_points_csv": (6, lambda world: [world.harbour.pk]),
    "clients": (6, lambda world: [world.harbour.pk]),
    "alerts": (8, lambda world: []),
    "usage": (6, lambda world: [world.harbour.pk]),
    "usage_csv": (6, lambda world: [world.harbour.pk]),
    "reports": (6, lambda world: []),
    "history": (7, lambda world: [world.harbour.pk]),
    "setup_go_live": (7, lambda world: [world.harbour.pk]),
    "access_point": (10, lambda world: [world.counter.serial]),
    "log": (7, lambda world: [world.counter.serial]),
    "commands": (8, lambda world: [world.counter.serial]),
    "search": (7, lambda world: []),
}


def statements(world: World, name: str) -> int:
    _, rows = PAGES[name]
    address = reverse(name, args=["cafe-lento", *rows(world)])
    browser = world.browser(world.ada)
    browser.get(reverse("profile"))  # the first page of a session writes the session down
    with CaptureQueriesContext(connection) as told:
        answer = browser.get(address, {"q": "o"} if name == "search" else {})
        if answer.streaming:
            b"".join(answer.streaming_content)
    return len(told)


def grow(world: World) -> None:
    """Many more of everything."""
    claim(world.ada, world.harbour, "\n".join(f"24f5a2001{n:03x},Row {n}" for n in range(40)))
    for number in range(12):
        Network.open(world.ada, world.cafe, NetworkIntent(f"Place {number}", "NL", "Europe/Amsterdam"))
        world.harbour.revise(world.ada, NetworkIntent(f"Harbour {number}", "NL", "Europe/Amsterdam"))
    on_air = OnAir(world.counter, clients=12).check_in()
    on_air.apply()
    for number in range(20):
        on_air.happens("client.join", client=f"02:00:00:00:00:{number:02x}", ssid="Lento")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_keeps_its_budget_whatever_grows(world: World, name: str) -> None:
    OnAir(world.counter).check_in().apply()
    before = statements(world, name)
    grow(world)
    after = statements(world, name)
    assert after <= PAGES[name][0]
    assert after <= before


def test_a_part_of_a_page_costs_no_more_than_the_page(world: World) -> None:
    grow(world)
    browser = world.browser(world.ada)
    browser.get(reverse("profile"))
    for page in ("progress", "network"):
        address = reverse(page, args=["cafe-lento", world.harbour.pk])
        with CaptureQueriesContext(connection) as told:
            browser.get(address, headers={"HX-Request": "true"})
        assert len(told) <= {"progress": 6, "network": 15}[page]


def test_one_s_own_account_costs_no_more_with_more_organisations(world: World) -> None:
    assert account(world) <= 10
    before = account(world)
    for number in range(8):
        Organisation.found(world.ada, f"Chain {number}")
    assert account(world) == before


def account(world: World) -> int:
    browser = world.browser(world.ada)
    browser.get(reverse("profile"))
    with CaptureQueriesContext(connection) as told:
        browser.get(reverse("profile"))
    return len(told)


def test_the_tasks_cost_no_more_the_more_there_are(world: World) -> None:
    User.objects.filter(pk=world.ada.pk).update(is_staff=True)
    before = tasks(world)
    for number in range(60):
        Task.promise(f"kind-{number % 9}", f"task:{number}", {})
    Task.objects.filter(kind="kind-3").update(dead=True)
    assert tasks(world) <= before <= 7


def tasks(world: World) -> int:
    browser = world.browser(User.objects.get(pk=world.ada.pk))
    browser.get(reverse("profile"))
    with CaptureQueriesContext(connection) as told:
        assert browser.get(reverse("tasks")).status_code == 200
    return len(told)
