"""No more weekly mails: by the link of a mail, by the mail program, or on the page of one's account."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.unsubscribing import token_for
from tests.world import World


@pytest.fixture
def link(world: World) -> str:
    return reverse("unsubscribe", args=[token_for(world.cafe.memberships.get(user=world.vi))])


def wanted(world: World) -> set[str]:
    """Who of the café's people wants it."""
    rows = world.cafe.memberships.filter(weekly_report=True)
    return set(rows.values_list("user__name", flat=True))


def shown(client: Client, link: str) -> str:
    """The page without its CSRF token."""
    return re.sub(r"\b\w{64}\b", "", client.get(link).content.decode())


def test_looking_asks_and_changes_nothing(world: World, link: str, client: Client) -> None:
    page = client.get(link)
    assert (page.status_code, wanted(world)) == (200, {"Ada", "Bo", "Vi"})
    assert "Café Lento" in page.content.decode()
    assert "Send me no more" in page.content.decode()


def test_saying_so_does_it_signed_out_and_twice(world: World, link: str) -> None:
    stranger = Client(enforce_csrf_checks=True)
    answers = [stranger.post(link) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "No more weekly mails" in answers[1].content.decode()
    assert wanted(world) == {"Ada", "Bo"}


def test_it_reveals_the_organisation_alone(world: World, link: str, client: Client) -> None:
    """Not even whether its holder still is a member."""
    before = shown(client, link)
    world.cafe.memberships.get(user=world.vi).leave()
    assert shown(client, link) == before
    assert client.post(link).status_code == 200
    assert not any(word in before for word in ("vi@", "Vi", "Ada", "Harbour", "cafe-lento"))


@pytest.mark.parametrize("broken", ["x", "1-1", "1-1.x", "nonsense.x", "-.", "1-2-3.x"])
def test_a_link_nobody_was_given_is_refused_in_words(world: World, client: Client, broken: str) -> None:
    for ask in (client.get, client.post):
        answer = ask(reverse("unsubscribe", args=[broken]))
        assert answer.status_code == 404
        assert "This link does not work" in answer.content.decode()


def test_somebody_elses_cannot_be_made_of_ones_own(world: World, link: str, client: Client) -> None:
    forged = link.replace(f"-{world.vi.pk}.", f"-{world.ada.pk}.")
    assert forged != link
    assert client.post(forged).status_code == 404
    assert wanted(world) == {"Ada", "Bo", "Vi"}


def test_that_of_a_deleted_organisation_leads_nowhere(world: World, link: str, client: Client) -> None:
    world.cafe.networks.all().delete()
    world.cafe.delete()
    assert client.get(link).status_code == 404


def test_the_account_page_has_a_switch_for_each_organisation(world: World) -> None:
    ada = world.browser(world.ada)
    page = ada.get(reverse("profile")).content.decode()
    assert "Weekly mail" in page
    assert f'value="{world.cafe.pk}"' in page
    assert ada.post(reverse("weekly_mails"), {}).status_code == 302
    assert wanted(world) == {"Bo", "Vi"}
    ada.post(reverse("weekly_mails"), {"wanted": [world.cafe.pk]})
    assert wanted(world) == {"Ada", "Bo", "Vi"}


def test_nobody_switches_for_an_organisation_not_theirs(world: World) -> None:
    answer = world.browser(world.ada).post(reverse("weekly_mails"), {"wanted": [world.hotel.pk]})
    assert answer.status_code == 422
    assert "Select a valid choice" in answer.content.decode()
    assert wanted(world) == {"Ada", "Bo", "Vi"}


def test_who_is_in_no_organisation_has_nothing_to_switch(world: World) -> None:
    assert "Weekly mail" not in world.browser(world.nobody).get(reverse("profile")).content.decode()
