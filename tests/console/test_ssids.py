"""SSIDs in the browser: made, changed, reviewed, switched, removed, joined."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone as clock

from devices.models import Ssid
from tests.console.air import put_on_air
from tests.console.forms import fields, send
from tests.world import World

SECRET = "espresso doppio"


def ssid_url(world: World, name: str = "Lento", page: str = "ssid") -> str:
    return reverse(page, args=["cafe-lento", world.harbour.pk, world.ssid(world.harbour, name).pk])


def harbour(world: World, page: str = "network") -> str:
    return reverse(page, args=["cafe-lento", world.harbour.pk])


def apply(client: Client, world: World, page: Any) -> Any:
    """Press "Apply" on the Review page."""
    return client.post(harbour(world, "review"), fields(page, harbour(world, "review")))


def test_a_change_that_drops_clients_is_reviewed_first(world: World) -> None:
    put_on_air(world.harbour)
    page = send(world.browser(world.bo), ssid_url(world), name="Lento Harbour")
    text = page.content.decode()
    assert "Review the change" in text
    assert "2 access points" in text
    assert "clients will reconnect" in text or "client will reconnect" in text
    assert world.ssid(world.harbour, "Lento")


def test_the_review_counts_the_clients_of_what_changes_alone(world: World) -> None:
    found = put_on_air(world.harbour, clients=8)
    there = sum(c.bss.ssid == "Lento" for one in found for c in one.device.crowd.clients)
    page = send(world.browser(world.bo), ssid_url(world), name="Lento Harbour")
    assert there > 0
    assert page.context["proposal"].impact.clients == there


def test_applying_the_review_saves_it(world: World) -> None:
    put_on_air(world.harbour)
    bo = world.browser(world.bo)
    answer = apply(bo, world, send(bo, ssid_url(world), name="Lento Harbour"))
    assert answer["Location"] == harbour(world) + "?revision=2"
    page = bo.get(answer["Location"]).content.decode()
    assert "Applied to 0 of 2" in page
    assert world.ssid(world.harbour, "Lento Harbour").passphrase == SECRET


def test_a_passphrase_is_in_no_review_and_no_history(world: World) -> None:
    put_on_air(world.harbour)
    bo = world.browser(world.bo)
    review = send(bo, ssid_url(world), passphrase="a new secret 123")
    apply(bo, world, review)
    history = bo.get(harbour(world, "history"))
    for page in (review, history):
        assert b"a new secret 123" not in page.content
        assert SECRET.encode() not in page.content
    assert world.ssid(world.harbour, "Lento").passphrase == "a new secret 123"


def test_no_review_where_nobody_is_on_the_air(world: World) -> None:
    answer = send(world.browser(world.bo), ssid_url(world), name="Lento Harbour")
    assert answer["Location"] == harbour(world) + "?revision=2"


def test_an_unchanged_save_says_so_and_makes_no_revision(world: World) -> None:
    bo = world.browser(world.bo)
    page = bo.get(send(bo, ssid_url(world))["Location"])
    assert b"Nothing was changed" in page.content
    assert world.harbour.revisions.count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "ü" * 17}, "takes 34 bytes"),
        ({"name": "Lento\u202eGuests"}, "invisible characters"),
        ({"passphrase": "short"}, "8 to 63"),
        ({"vlan": "4095"}, "VLAN is a number"),
        ({"bands": []}, "at least one band"),
        ({"security": "wpa2", "bands": ["6G"]}, "6 GHz allows"),
        ({"security": "wpa3-enterprise"}, "needs a RADIUS server"),
        ({"download_mbps": "0"}, "limit is 1 to"),
        ({"security": "wep"}, "Select a valid choice"),
    ],
)
def test_a_mistake_gives_the_form_back_with_what_was_typed(
    world: World, changed: dict[str, Any], words: str
) -> None:
    page = send(world.browser(world.bo), ssid_url(world), **{"vlan": "12"} | changed)
    text = page.content.decode()
    assert page.status_code == 422
    assert words in text
    assert 'id="errors"' in text
    assert world.harbour.revisions.count() == 1


def test_a_new_one_comes_with_a_passphrase_and_guests_with_limits(world: World) -> None:
    bo = world.browser(world.bo)
    made = fields(bo.get(harbour(world, "new_ssid")))
    send(bo, harbour(world, "new_ssid"), name="Visitors", guest="on")
    visitors = world.ssid(world.harbour, "Visitors")
    assert len(made["passphrase"][0]) == 19
    assert made["security"] == ["wpa2-wpa3"]
    assert (visitors.guest, visitors.isolate) == (True, True)
    assert (visitors.download_mbps, visitors.upload_mbps) == (20, 10)


def test_the_form_shows_no_stored_secret(world: World) -> None:
    assert SECRET.encode() not in world.browser(world.ada).get(ssid_url(world)).content


def test_a_stale_form_says_who_was_faster_and_keeps_what_was_typed(world: World) -> None:
    bo, ada = world.browser(world.bo), world.browser(world.ada)
    opened = fields(bo.get(ssid_url(world)))
    send(ada, ssid_url(world, "Lento Guests"), name="Visitors")
    page = bo.post(ssid_url(world), opened | {"name": "Lento Pier"})
    assert page.status_code == 409
    assert "Somebody changed this network" in page.content.decode()
    assert "Visitors" in page.content.decode()
    bo.post(ssid_url(world), fields(page))
    assert {one.name for one in world.harbour.ssids.all()} == {"Lento Pier", "Visitors"}


def test_a_review_that_was_overtaken_overwrites_nothing(world: World) -> None:
    put_on_air(world.harbour)
    bo, ada = world.browser(world.bo), world.browser(world.ada)
    review = send(bo, ssid_url(world), name="Lento Pier")
    apply(ada, world, send(ada, ssid_url(world, "Lento Guests"), name="Visitors"))
    page = apply(bo, world, review)
    assert page.status_code == 409
    assert "Somebody was faster" in page.content.decode()
    again = bo.post(ssid_url(world), fields(page, ssid_url(world)))
    assert fields(again)["name"] == ["Lento Pier"]
    assert fields(again)["base"] == ["2"]


def test_edit_again_brings_back_what_was_typed(world: World) -> None:
    put_on_air(world.harbour)
    bo = world.browser(world.bo)
    review = send(bo, ssid_url(world), name="Lento Pier", passphrase="a new secret 123")
    again = bo.post(ssid_url(world), fields(review, harbour(world, "review")))
    assert fields(again)["name"] == ["Lento Pier"]
    assert fields(again)["passphrase"] == ["a new secret 123"]


def test_a_draft_is_of_its_user_and_its_network_alone(world: World) -> None:
    put_on_air(world.harbour)
    bo, ada = world.browser(world.bo), world.browser(world.ada)
    draft = fields(send(bo, ssid_url(world), name="Lento Pier"), harbour(world, "review"))
    market = reverse("review", args=["cafe-lento", world.market.pk])
    broken = {"draft": draft["draft"][0][:-8] + "AAAAAAA="}
    for client, address, sent in (
        (ada, harbour(world, "review"), draft),
        (bo, market, draft),
        (bo, harbour(world, "review"), broken),
    ):
        page = client.post(address, sent, follow=True)
        assert b"too old to apply" in page.content
    assert world.harbour.revisions.count() == world.market.revisions.count() == 1


def test_a_draft_expires(world: World, time_machine: Any) -> None:
    put_on_air(world.harbour)
    bo = world.browser(world.bo)
    review = send(bo, ssid_url(world), name="Lento Pier")
    time_machine.move_to(clock.now() + timedelta(hours=1, minutes=1))
    assert b"too old" in bo.get(apply(bo, world, review)["Location"]).content


def test_switching_off_and_on(world: World) -> None:
    bo = world.browser(world.bo)
    address = ssid_url(world, page="switch_ssid")
    bo.post(address, fields(bo.get(harbour(world)), address))
    assert not world.ssid(world.harbour, "Lento").enabled
    bo.post(address, fields(bo.get(harbour(world)), address))
    assert world.ssid(world.harbour, "Lento").enabled


def test_deleting_needs_its_name(world: World) -> None:
    bo = world.browser(world.bo)
    address = ssid_url(world, page="remove_ssid")
    assert send(bo, address, typed="Lent").status_code == 422
    assert send(bo, address, typed="lento").status_code == 302
    assert not Ssid.objects.filter(network=world.harbour, name="Lento").exists()


def test_the_join_page_holds_name_passphrase_and_code(world: World) -> None:
    page = world.browser(world.bo).get(ssid_url(world, page="join_ssid"))
    assert SECRET in page.content.decode()
    assert "<svg" in page.content.decode()
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("name", ["ssid", "join_ssid", "remove_ssid"])
def test_viewers_are_refused_in_words(world: World, name: str) -> None:
    answer = world.browser(world.vi).get(ssid_url(world, page=name))
    assert answer.status_code == 403
    assert SECRET not in answer.content.decode()
