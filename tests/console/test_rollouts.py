"""Starting a firmware rollout in the browser: the form, its review, its refusals."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from console.views.rollouts import MOST_PLACES
from devices import clock
from devices.models import AccessPoint, FirmwareImage, Link, Network, Rollout
from devices.rendering.intent import NetworkIntent
from devices.tagging import set_tags
from tests.console.forms import fields, send
from tests.devices.upgrading.night import HARDWARE, NEW, OLD, Night, crowd, image
from tests.world import World

LIST, FORM = (reverse(name, args=["cafe-lento"]) for name in ("rollouts", "new_rollout"))


@pytest.fixture
def firmware(world: World) -> FirmwareImage:
    return image(world)


@pytest.fixture
def bo(world: World) -> Client:
    """Bo keeps the café running; its access points run the old firmware, two of them on air."""
    AccessPoint.objects.of(world.cafe).update(compatible=HARDWARE, firmware=OLD)
    AccessPoint.objects.filter(network=world.harbour).update(link=Link.ONLINE)
    return world.browser(world.bo)


def review(client: Client, firmware: FirmwareImage, **changed: Any) -> Any:
    return send(client, FORM, **{"image": firmware.pk, "step": "review"} | changed)


def begin(client: Client, page: Any, **changed: Any) -> Any:
    """Press Start on a review."""
    return client.post(FORM, fields(page, FORM) | {"step": "start"} | changed)


def text(page: Any) -> str:
    return " ".join(page.content.decode().split())


def test_an_empty_list_says_what_to_do_next(world: World, bo: Client) -> None:
    assert "add one first" in text(bo.get(LIST))
    image(world)
    assert "Choose a firmware image and for whom it is" in text(bo.get(LIST))
    assert "New rollout" not in text(world.browser(world.vi).get(LIST))


def test_the_review_says_who_when_and_how(bo: Client, firmware: FirmwareImage) -> None:
    page = review(bo, firmware)
    shown = text(page)
    assert page.status_code == 200
    for words in (
        "3 access points get TIP-v4.1.0",
        "2 of them are online now.",
        "All access points",
        "watched for 30 minutes",
        "failures of 5 %",
        "Europe/Amsterdam",
    ):
        assert words in shown
    assert page.context["found"].waves == [1, 2]
    assert not Rollout.objects.exists()


def test_the_review_of_many_networks_stays_readable(
    world: World, bo: Client, firmware: FirmwareImage
) -> None:
    for number in range(MOST_PLACES):
        intent = NetworkIntent(f"Place {number:02}", "NL", "Europe/Berlin")
        crowd(Network.open(world.ada, world.cafe, intent), 1)
    page = review(bo, firmware)
    assert len(page.context["places"]) == MOST_PLACES
    assert "and 2 more networks" in text(page)


def test_starting_writes_the_rollout_as_it_was_reviewed(bo: Client, firmware: FirmwareImage) -> None:
    page = review(bo, firmware, pace="fast", budget="2", budget_unit="count", attempts="3", at_once="7")
    answer = begin(bo, page)
    rollout = Rollout.objects.get()
    assert answer["Location"] == reverse("rollout", args=["cafe-lento", rollout.pk])
    assert (rollout.budget_count, rollout.budget_percent, rollout.attempts, rollout.at_once) == (
        2,
        None,
        3,
        7,
    )
    assert [wave.size for wave in rollout.waves.all()] == [1, 2]
    assert "started the rollout TIP-v4.1.0" in text(bo.get(reverse("audit", args=["cafe-lento"])))


def test_a_review_can_be_edited_again_with_nothing_lost(bo: Client, firmware: FirmwareImage) -> None:
    page = review(bo, firmware, pace="custom", share_1="2", soak_1="11", share_2="50 %", budget="17")
    again = bo.post(FORM, fields(page, FORM) | {"step": "edit"})
    filled = fields(again)
    assert again.status_code == 200
    assert [filled[name] for name in ("pace", "share_1", "soak_1", "share_2", "budget")] == [
        ["custom"],
        ["2"],
        ["11"],
        ["50 %"],
        ["17"],
    ]


def test_waves_of_ones_own(bo: Client, firmware: FirmwareImage, world: World) -> None:
    crowd(world.harbour, 17)
    page = review(
        bo, firmware, pace="custom", share_1="2", soak_1="5", share_2="50%", soak_2="", soak_last="0"
    )
    begin(bo, page)
    waves = Rollout.objects.get().waves.all()
    assert [(wave.size, wave.soak_minutes) for wave in waves] == [(2, 5), (8, 30), (10, 0)]


@pytest.mark.parametrize("kind", ["networks", "tag", "access_point"])
def test_for_some_of_them(world: World, bo: Client, firmware: FirmwareImage, kind: str) -> None:
    set_tags(world.ada, world.terrace, ["outside"])
    asked: dict[str, Any] = {
        "networks": {"networks": [world.market.pk]},
        "tag": {"tag": world.cafe.tags.get().pk},
        "access_point": {"access_point": "24-F5-A2-00-00-03"},
    }[kind]
    begin(bo, review(bo, firmware, scope=kind, **asked))
    assert [one.serial for one in Rollout.objects.get().targets.all()] == [world.terrace.serial]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"image": ""}, "image"),
        ({"scope": "networks"}, "networks"),
        ({"scope": "tag"}, "tag"),
        ({"scope": "access_point", "access_point": "Lobby"}, "access_point"),
        ({"scope": "access_point", "access_point": ""}, "access_point"),
        ({"starts": "2020-01-01T03:00"}, "starts"),
        ({"starts": "9999-12-31T23:59"}, "starts"),
        ({"starts": "0001-01-01T00:00"}, "starts"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"pace": "custom"}, "share_1"),
        ({"pace": "custom", "share_1": "0"}, "share_1"),
        ({"pace": "custom", "share_1": "101 %"}, "share_1"),
        ({"pace": "custom", "share_1": "1", "share_3": "5"}, "share_3"),
        ({"pace": "custom", "share_1": "5", "share_2": "1"}, "__all__"),
        ({"pace": "custom", "share_1": "5", "soak_1": "99999"}, "soak_1"),
        ({"budget": "101"}, "budget"),
        ({"attempts": "0"}, "attempts"),
        ({"answer_minutes": "1"}, "answer_minutes"),
    ],
)
def test_what_cannot_be_is_refused_in_words_with_nothing_lost(
    bo: Client, firmware: FirmwareImage, changed: dict[str, str], field: str
) -> None:
    page = review(bo, firmware, **{"answer_minutes": "44"} | changed)
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert 'id="errors"' in text(page)
    assert fields(page)["answer_minutes"] == [changed.get("answer_minutes", "44")]


def test_a_time_that_the_clocks_skip_is_refused(bo: Client, firmware: FirmwareImage, settings: Any) -> None:
    """On the last Sunday of March 02:30 does not exist in Amsterdam."""
    now = clock.now()
    year = now.year if now.month < 3 else now.year + 1
    sunday = next(day for day in range(31, 24, -1) if _is_sunday(year, day))
    page = review(bo, firmware, starts=f"{year}-03-{sunday}T02:30")
    assert "clocks are put forward" in text(page)


def _is_sunday(year: int, day: int) -> bool:
    return clock.now().replace(year=year, month=3, day=day).weekday() == 6


def test_a_start_is_on_the_clock_of_the_zone_chosen(bo: Client, firmware: FirmwareImage) -> None:
    day = (clock.now() + timedelta(days=9)).date()
    begin(bo, review(bo, firmware, starts=f"{day}T12:00", zone="UTC"))
    assert Rollout.objects.get().starts_at.isoformat() == f"{day}T12:00:00+00:00"


def test_who_is_left_out_is_counted(world: World, bo: Client, firmware: FirmwareImage) -> None:
    crowd(world.harbour, 2, firmware=NEW)
    crowd(world.harbour, 3, compatible="other_hardware")
    crowd(world.harbour, 4, compatible="")
    crowd(world.harbour, 5, firmware="TIP-v9.0.0")
    Night(world).start(image=firmware)
    Rollout.objects.get().targets.filter(serial=world.counter.serial).update(state="cancelled")
    page = review(bo, firmware)
    found = page.context["found"]
    counted = (found.already, found.other_hardware, found.unknown, found.older, found.elsewhere, found.chosen)
    assert [len(one) for one in counted] == [2, 3, 4, 5, 2, 1]
    assert "and are left out" in text(page)


def test_stepping_stones_are_said(world: World, bo: Client) -> None:
    image(world, "TIP-v4.0.5")
    far = image(world, "TIP-v5.0.0", minimum_version="TIP-v4.0.5")
    assert "3 access points get TIP-v4.0.5 first" in text(review(bo, far))


def test_whoever_is_in_another_rollout_is_not_in_this_one(bo: Client, firmware: FirmwareImage) -> None:
    page = review(bo, firmware)
    begin(bo, page)
    assert "in another rollout" in text(begin(bo, page))
    assert Rollout.objects.count() == 1


def test_nobody_to_upgrade_is_refused(world: World, bo: Client, firmware: FirmwareImage) -> None:
    AccessPoint.objects.of(world.cafe).update(firmware=NEW)
    page = review(bo, firmware)
    assert page.status_code == 422
    assert "run this firmware already" in text(page)


def test_going_down_a_version_is_confirmed_by_typing_it(world: World, bo: Client) -> None:
    old = image(world, "TIP-v3.0.0")
    left_out = review(bo, old)
    assert 'value="start"' not in text(left_out)
    page = review(bo, old, downgrades="on")
    refused = begin(bo, page)
    assert refused.status_code == 422
    assert "This is not the name: type TIP-v3.0.0" in text(refused)
    assert begin(bo, refused, typed="tip-v3.0.0").status_code == 302
    assert Rollout.objects.get().downgrades


def test_starting_past_the_review_is_refused_as_well(world: World, bo: Client) -> None:
    """Whoever leaves the review's downgrade out gets nobody, not a downgrade."""
    old = image(world, "TIP-v3.0.0")
    page = bo.post(FORM, fields(review(bo, old), FORM) | {"step": "start"})
    assert page.status_code == 422
    assert not Rollout.objects.exists()


def test_a_withdrawn_image_is_not_offered(world: World, bo: Client, firmware: FirmwareImage) -> None:
    page = review(bo, firmware)
    FirmwareImage.objects.update(withdrawn_at=clock.now())
    assert begin(bo, page).status_code == 422
    assert "No firmware image is offered yet" in text(bo.get(FORM))


def test_rows_of_others_cannot_be_chosen(world: World, bo: Client, firmware: FirmwareImage) -> None:
    theirs = image(world, organisation=world.hotel)
    set_tags(world.otto, world.lobby, ["lobby"])
    assert "image" in review(bo, theirs).context["form"].errors
    page = review(bo, firmware, scope="networks", networks=[world.halde.pk])
    assert "networks" in page.context["form"].errors
    page = review(bo, firmware, scope="tag", tag=world.hotel.tags.get().pk)
    assert "tag" in page.context["form"].errors


def test_pages_lead_here_with_their_subject_chosen(world: World, bo: Client, firmware: FirmwareImage) -> None:
    network = bo.get(FORM, {"network": world.market.pk, "image": firmware.pk})
    single = fields(bo.get(FORM, {"access_point": world.counter.serial}))
    assert fields(network)["networks"] == [str(world.market.pk)]
    assert fields(network)["image"] == [str(firmware.pk)]
    assert (single["scope"], single["access_point"]) == (["access_point"], [world.counter.serial])
    for page, row in (("network", world.market.pk), ("access_point", world.counter.serial)):
        assert f"?{page}={row}" in text(bo.get(reverse(page, args=["cafe-lento", row])))


def test_an_organisation_without_networks_gets_the_form(world: World, firmware: FirmwareImage) -> None:
    Network.objects.filter(organisation=world.cafe).delete()
    page = world.browser(world.ada).get(FORM)
    assert fields(page)["zone"] == ["UTC"]


def test_the_list_filters_by_state_and_counts(world: World, bo: Client) -> None:
    Night(world).start()
    page = bo.get(LIST)
    assert "0 of 3 upgraded" in text(page)
    assert len(page.context["rows"]) == 1
    assert "No rollout is in this state" in text(bo.get(LIST, {"state": "halted"}))
    assert len(bo.get(LIST, {"state": "nonsense"}).context["rows"]) == 1


def test_an_image_s_page_leads_here_while_it_is_offered(bo: Client, firmware: FirmwareImage) -> None:
    page = reverse("firmware_image", args=["cafe-lento", firmware.pk])
    assert f"{FORM}?image={firmware.pk}" in text(bo.get(page))
    FirmwareImage.objects.update(withdrawn_at=clock.now())
    assert FORM not in text(bo.get(page))
