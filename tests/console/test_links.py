"""Mails and files carry addresses that the rooms below the console cannot look up: each leads somewhere."""

import string
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import resolve

from tests.architecture.addresses import a_rollout
from tests.world import World

# The page each leads to.
LINKS = {
    "INVITATION_LINK": "accept_invitation",
    "DASHBOARD_LINK": "dashboard",
    "UNSUBSCRIBE_LINK": "unsubscribe",
    "NETWORK_LINK": "network",
    "ROLLOUT_LINK": "rollout",
    "FILE_LINK": "stored_file",
    "PART_LINK": "upload_part",
    "UPLOAD_LINK": "upload",
}
ROWS = {
    "slug": lambda world: world.cafe.slug,
    "network": lambda world: world.harbour.pk,
    "rollout": lambda world: a_rollout(world).pk,
    "token": lambda world: "ab:c-d_e",
    "name": lambda world: "eap101.bin",
}


def address(world: World, link: str) -> str:
    """The link's path with rows of the cast in it."""
    pattern = getattr(settings, link)
    names = {name for _, name, _, _ in string.Formatter().parse(pattern) if name}
    return urlsplit(pattern.format(**{name: ROWS[name](world) for name in names})).path


@pytest.mark.parametrize("link", [name for name in dir(settings) if name.endswith("_LINK")])
def test_a_link_leads_to_its_page(world: World, link: str) -> None:
    assert resolve(address(world, link)).url_name == LINKS[link]
    assert getattr(settings, link).startswith(("/", settings.CONSOLE_PUBLIC_URL + "/"))


@pytest.mark.parametrize("link", ["DASHBOARD_LINK", "NETWORK_LINK", "ROLLOUT_LINK"])
def test_who_is_in_charge_finds_it_and_others_do_not(world: World, link: str) -> None:
    path = address(world, link)
    assert world.browser(world.ada).get(path).status_code == 200
    assert world.browser(world.otto).get(path).status_code == 404
