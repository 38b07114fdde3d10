"""From signing up to being on the air, and every step skipped or taken again."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone as clock

from accounts.models import Organisation
from devices.models import AccessPoint, Network
from devices.models.alert import AlertRule
from devices.rendering.intent import NetworkIntent
from tests.console.air import OnAir
from tests.console.forms import fields, send
from tests.world import LOBBY, World

PLACE = {"organisation": "Bakery Zon", "name": "Shop", "country": "BE", "timezone": "Europe/Brussels"}
SHOP = NetworkIntent("Shop", "BE", "Europe/Brussels")


def step(world: World, page: str) -> str:
    return reverse(page, args=["cafe-lento", world.market.pk])


def test_somebody_new_starts_with_one_form(world: World) -> None:
    nell = world.browser(world.nobody)
    assert nell.get("/")["Location"] == reverse("start")
    answer = send(nell, reverse("start"), **PLACE)
    shop = Network.objects.get(name="Shop")
    assert answer["Location"] == reverse("setup_access_points", args=["bakery-zon", shop.pk])
    assert f"{shop.window_start:%H:%M}–{shop.window_end:%H:%M}" == "03:00–05:00"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"country": ""}, "country"),
        ({"organisation": "\u202e"}, "organisation"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
    ],
)
def test_a_mistake_founds_nothing(world: World, wrong: dict[str, str], field: str) -> None:
    before = Organisation.objects.count()
    page = send(world.browser(world.nobody), reverse("start"), **PLACE | wrong)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert Organisation.objects.count() == before


def test_home_leads_to_the_only_organisation_or_to_the_choice(world: World) -> None:
    ada = world.browser(world.ada)
    assert ada.get("/")["Location"] == reverse("dashboard", args=["cafe-lento"])
    Organisation.found(world.ada, "Second")
    assert ada.get("/")["Location"] == reverse("organisations")


def test_every_pasted_line_is_answered(world: World) -> None:
    OnAir(AccessPoint(serial="24f5a20000aa", network=world.market)).check_in()
    lines = f"24:F5:A2:00:00:AA, Till\n24F5-A200-00AB\n24f5a20000ab\n{LOBBY}\nnot a serial\n"
    page = send(world.browser(world.ada), step(world, "setup_access_points"), lines=lines)
    outcomes = [str(answer.outcome) for answer in page.context["answers"]]
    assert outcomes == ["claimed", "awaited", "duplicate", "taken", "malformed"]
    assert "2 of 5 are yours" in page.content.decode()
    assert "Halde" not in page.content.decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_csv_is_as_good_as_pasting(world: World, encoding: str) -> None:
    table = "Serial;Name\n24f5a20000ac;Café\n".encode(encoding)
    world.browser(world.ada).post(
        step(world, "setup_access_points"), {"file": SimpleUploadedFile("a.csv", table)}
    )
    assert AccessPoint.objects.get(serial="24f5a20000ac").name == "Café"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"lines": ""}, "Paste at least one"),
        ({"file": SimpleUploadedFile("a.xlsx", b"PK\0\0")}, "not a text file"),
        ({"file": SimpleUploadedFile("a.csv", b"x" * (2 * 1024 * 1024 + 1))}, "larger than 2 MB"),
        ({"lines": "24f5a20000ad\n" * 10_001}, "too many lines"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(world: World, sent: dict[str, Any], words: str) -> None:
    page = world.browser(world.ada).post(step(world, "setup_access_points"), sent)
    assert page.status_code == 422
    assert words in page.content.decode()


def test_claiming_waits_for_the_confirmed_address(world: World) -> None:
    world.cafe.memberships.create(user=world.nobody, role="admin")
    page = send(world.browser(world.nobody), step(world, "setup_access_points"), lines="24f5a20000ae")
    assert page.status_code == 422
    assert "Confirm your e-mail address" in page.content.decode()
    assert not AccessPoint.objects.filter(serial="24f5a20000ae").exists()


def test_who_has_not_confirmed_is_told_before_pasting_and_how_to_get_the_mail(world: World) -> None:
    network = Network.open(world.nobody, Organisation.found(world.nobody, "Zon"), SHOP)
    address = reverse("setup_access_points", args=["zon", network.pk])
    page = world.browser(world.nobody).get(address).content.decode()
    assert "Claiming waits until" in page
    assert reverse("account_email") in page
    assert b"Claiming waits" not in world.browser(world.ada).get(step(world, "setup_access_points")).content


def test_what_is_left_to_mend_keeps_its_name(world: World) -> None:
    page = send(world.browser(world.ada), step(world, "setup_access_points"), lines=f"{LOBBY},Front door")
    assert fields(page)["lines"] == [f"{LOBBY}, Front door"]


@pytest.mark.parametrize("page", ["setup_wifi", "setup_go_live"])
def test_no_browser_keeps_a_page_with_a_passphrase(world: World, page: str) -> None:
    assert "no-store" in world.browser(world.ada).get(step(world, page))["Cache-Control"]


def test_the_wifi_step_edits_the_first_ssid_when_there_is_one(world: World) -> None:
    ada = world.browser(world.ada)
    assert fields(ada.get(step(world, "setup_wifi")))["name"] == ["Lento"]
    answer = send(ada, step(world, "setup_wifi"), name="Lento Market")
    assert answer["Location"] == step(world, "setup_go_live")
    assert [one.name for one in world.market.ssids.all()] == ["Lento Market"]


def test_plugging_in_goes_from_waiting_to_on_air(world: World) -> None:
    ada = world.browser(world.ada)

    def stages() -> list[str]:
        page = ada.get(step(world, "setup_go_live"), headers={"HX-Request": "true"})
        return [row.stage for row in page.context["rows"]]

    assert stages() == ["waiting"]
    terrace = OnAir(world.terrace).check_in()
    assert stages() == ["online"]
    terrace.receive()
    assert stages() == ["applying"]
    terrace.apply()
    assert stages() == ["on-air"]


def test_the_page_stops_asking_when_all_are_on_air(world: World) -> None:
    ada = world.browser(world.ada)
    assert "hx-trigger" in ada.get(step(world, "setup_go_live")).content.decode()
    OnAir(world.terrace).check_in().apply()
    page = ada.get(step(world, "setup_go_live")).content.decode()
    assert "hx-trigger" not in page
    assert "<svg" in page


def test_help_comes_after_five_minutes_of_silence(world: World) -> None:
    ada = world.browser(world.ada)
    assert b"Nothing heard" not in ada.get(step(world, "setup_go_live")).content
    AccessPoint.objects.filter(pk=world.terrace.pk).update(claimed_at=clock.now() - timedelta(minutes=6))
    assert b"Nothing heard" in ada.get(step(world, "setup_go_live")).content


def test_a_viewer_watches_but_sees_no_code(world: World) -> None:
    page = world.browser(world.vi).get(step(world, "setup_go_live"))
    assert page.status_code == 200
    assert page.context["code"] == ""


def test_the_checklist_stays_until_dismissed_and_only_for_those_who_can_act(world: World) -> None:
    dashboard = reverse("dashboard", args=["cafe-lento"])
    ada = world.browser(world.ada)
    items = ada.get(dashboard).context["checklist"]
    assert [item.done for item in items] == [True, True, False, True, False, False]
    AlertRule.of(world.market).change(world.bo, 15, [])  # as it was, but somebody looked at it
    assert [item.done for item in ada.get(dashboard).context["checklist"]][-1]
    assert world.browser(world.vi).get(dashboard).context["checklist"] == []
    ada.post(reverse("dismiss_checklist", args=["cafe-lento"]))
    assert ada.get(dashboard).context["checklist"] == []
    assert world.browser(world.bo).get(dashboard).context["checklist"] != []
