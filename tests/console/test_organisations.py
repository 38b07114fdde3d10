"""The organisation's settings, its activity, the switcher, and one's own account page."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role
from console import activity
from tests.world import World

SETTINGS = "/o/cafe-lento/settings/"
ACTIVITY = "/o/cafe-lento/activity/"


def text(client: Client, path: str, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def test_an_administrator_renames_and_the_address_stays(world: World) -> None:
    bo = world.browser(world.bo)
    assert bo.post(SETTINGS, {"name": "Café Presto"})["Location"] == SETTINGS
    assert 'value="Café Presto"' in text(bo, SETTINGS)


@pytest.mark.parametrize(
    ("name", "words"), [("", "required"), ("\u202ex", "cannot be shown"), ("x" * 101, "100")]
)
def test_a_bad_name_gets_the_form_back(world: World, name: str, words: str) -> None:
    response = world.browser(world.ada).post(SETTINGS, {"name": name})
    assert response.status_code == 422
    assert words in response.content.decode()


def test_the_activity_tells_who_did_what(world: World) -> None:
    world.cafe.memberships.get(user=world.vi).change_role(world.ada, Role.ADMIN)
    page = text(world.browser(world.vi), ACTIVITY)
    assert "changed the role of vi@lento.example from Viewer to Administrator" in page
    assert "claimed access points for Harbour: 1" in page
    assert "Halde" not in page


def test_the_activity_is_narrowed_down(world: World) -> None:
    world.cafe.rename(world.bo, "Café Presto")
    ada = world.browser(world.ada)
    assert "Harbour" not in text(ada, ACTIVITY, about="organisation")
    by_bo = text(ada, ACTIVITY, by=str(world.bo.pk))
    assert "renamed the organisation from Café Lento to Café Presto" in by_bo
    assert "founded" not in by_bo
    assert "Nothing was done that fits" in text(ada, ACTIVITY, q="no such thing")


def test_the_activity_comes_in_pages_and_few_statements(
    world: World, django_assert_max_num_queries: object
) -> None:
    for number in range(120):
        AuditEntry.record(world.cafe, world.bo, "network.revise", f"Network {number}", revision=number)
    ada = world.browser(world.ada)
    text(ada, ACTIVITY)  # the first page of a session notes the browser
    with django_assert_max_num_queries(7):
        first = text(ada, ACTIVITY)
    assert "Network 119" in first
    assert "Network 60 " not in first
    assert "Network 60 " in text(ada, ACTIVITY, page="2")


@pytest.mark.parametrize("verb", activity.WORDS)
def test_every_verb_is_told_even_when_details_are_missing(world: World, verb: str) -> None:
    entry = AuditEntry(verb=verb, subject="100% Wi-Fi", detail={}, organisation=world.cafe)
    assert "%(" not in activity.words(entry)


def test_an_unknown_verb_and_a_lost_account_are_still_told(world: World) -> None:
    entry = AuditEntry.record(world.cafe, None, "garden.water", "Roses")
    line = activity.Line.of(entry)
    assert line.words == "garden.water Roses"
    assert line.actor == "Somebody who no longer has an account"


def test_the_switcher_shows_one_s_own_organisations(world: World) -> None:
    page = text(world.browser(world.otto), reverse("organisations"))
    assert "Hotel Halde" in page
    assert "Café Lento" not in page
    assert "no organisation yet" in text(world.browser(world.nobody), reverse("organisations"))


def test_the_account_page_names_one_s_security(world: World) -> None:
    page = text(world.browser(world.nobody), reverse("profile"))
    assert "not confirmed yet" in page
    assert "a stolen password is enough" in page
    nell = world.browser(world.nobody)
    nell.post(reverse("profile"), {"name": " Nell  Noone "})
    world.nobody.refresh_from_db()
    assert world.nobody.name == "Nell Noone"
