"""Every address says who may enter, and keeps everybody else out."""

from collections.abc import Iterable, Iterator

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.architecture.addresses import Route, routes
from tests.world import World

EVERYBODY = ("anyone", "signed-in", "member", "admin", "owner", "staff")
INSIDE = ("member", "admin", "owner")
NO_SUCH_METHOD = 405


def answers(client: Client, address: str) -> Iterator[HttpResponse]:
    """To a GET and a POST, where the address knows the method."""
    for ask in (client.get, client.post):
        answer = ask(address)
        if answer.status_code != NO_SUCH_METHOD:
            yield answer


def wrong(world: World, client: Client, status: int, who: Iterable[str], **other: object) -> list[str]:
    """The addresses of these doors that answer anything but ``status``."""
    found = []
    for route in _doors(*who):
        address = route.address(world, **other)
        codes = {answer.status_code for answer in answers(client, address)}
        found += [f"{address} answers {sorted(codes)}"] if codes != {status} else []
    return found


def _doors(*who: str) -> list[Route]:
    return [route for route in routes() if route.who in who]


def test_every_view_says_who_may_enter() -> None:
    assert len(routes()) > 10
    assert [route.pattern for route in routes() if route.who not in EVERYBODY] == []


def test_an_address_in_an_organisation_is_for_its_people() -> None:
    assert [
        route.pattern for route in routes() if "<slug:slug>" in route.pattern and route.who not in INSIDE
    ] == []


def test_anonymous_visitors_are_sent_to_the_login_page(world: World) -> None:
    login, client = reverse("account_login"), world.browser()
    addresses = [route.address(world) for route in routes() if route.who != "anyone"]
    answered = {
        address: {answer.headers.get("Location", "").split("?")[0] for answer in answers(client, address)}
        for address in addresses
    }
    assert {address: where for address, where in answered.items() if where != {login}} == {}


@pytest.mark.parametrize("outsider", ["otto", "nobody"])
def test_an_organisation_does_not_exist_for_outsiders(world: World, outsider: str) -> None:
    client = world.browser(getattr(world, outsider))
    assert wrong(world, client, 404, INSIDE) == []


def test_rows_of_another_organisation_do_not_exist_in_ones_own(world: World) -> None:
    client = world.browser(world.otto)
    found = []
    for route in (route for route in routes() if route.who in INSIDE and route.holds_a_row):
        address = route.address(world, slug=world.hotel.slug)
        codes = {answer.status_code for answer in answers(client, address)}
        found += [f"{address} answers {codes}"] if codes != {404} else []
    assert found == []


def test_pages_of_those_who_run_aerie_do_not_exist_for_customers(world: World) -> None:
    assert wrong(world, world.browser(world.ada), 404, ["staff"]) == []


def test_viewers_are_refused_what_admins_may(world: World) -> None:
    assert wrong(world, world.browser(world.vi), 403, ["admin", "owner"]) == []


def test_admins_are_refused_what_owners_may(world: World) -> None:
    assert wrong(world, world.browser(world.bo), 403, ["owner"]) == []


def test_owners_find_every_page(world: World) -> None:
    """Without this, a 404 above could come from a wrong address instead of a closed door."""
    client = world.browser(world.ada)
    addresses = [route.address(world) for route in _doors("signed-in", *INSIDE)]
    codes = {address: client.get(address).status_code for address in addresses}
    assert {address: code for address, code in codes.items() if code not in {200, 302, NO_SUCH_METHOD}} == {}
