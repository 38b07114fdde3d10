"""A firmware rollout as a person starts and follows it: with a mouse, without JavaScript, on a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from devices.models import AccessPoint, Link, Rollout
from devices.rollouts.waves import Share
from devices.tagging import set_tags
from tests.devices.upgrading.night import HARDWARE, NEW, OLD, OPEN, Night, image
from tests.world import World, build

Address = Callable[..., str]


@pytest.fixture
def town(transactional_db: None) -> World:
    """The cast, committed; the café's access points run the old firmware, and there is a new one."""
    town = build()
    AccessPoint.objects.of(town.cafe).update(compatible=HARDWARE, firmware=OLD, link=Link.ONLINE, session=1)
    image(town, "TIP-v4.0.0")
    image(town)
    return town


@pytest.fixture
def at(live_server: Any) -> Address:
    return lambda name, *rows: live_server.url + reverse(name, args=["cafe-lento", *rows])


@pytest.fixture
def desk(page: Page, town: World, sign_in: Callable[[User], None]) -> Page:
    """Ada at her desk."""
    sign_in(town.ada)
    return page


@pytest.fixture
def no_script(browser: Browser, town: World, live_server: Any) -> Iterator[Page]:
    """Ada's browser with JavaScript switched off."""
    context = browser.new_context(java_script_enabled=False)
    cookie = town.browser(town.ada).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    yield context.new_page()
    context.close()


def wake(page: Page) -> None:
    """Have the page follow up now."""
    page.evaluate("document.body.dispatchEvent(new Event('wake'))")


def filled(page: Page, address: str) -> None:
    """The form with the new image chosen, sent to its review."""
    page.goto(address)
    page.get_by_label("Firmware", exact=True).select_option(label="TIP-v4.1.0 · Stable · edgecore_eap101")
    page.get_by_role("button", name="Review").click()


def test_a_rollout_is_started_from_a_network_and_followed_live(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("network", town.harbour.pk))
    desk.get_by_role("link", name="Upgrade firmware…").click()
    expect(desk.get_by_label("Harbour", exact=True)).to_be_checked()
    filled(desk, desk.url)
    expect(desk.get_by_text("2 access points get TIP-v4.1.0")).to_be_visible()
    desk.get_by_role("button", name="Start", exact=True).click()
    expect(desk.get_by_text("0 of 2 upgraded")).to_be_visible()
    rollout = Rollout.objects.get()
    rollout.targets.filter(wave=1).update(state="succeeded", outcome="upgraded")
    wake(desk)
    expect(desk.get_by_text("1 of 2 upgraded")).to_be_visible()
    expect(desk.get_by_text("Runs the new firmware")).to_be_visible()


def test_pausing_and_resuming(desk: Page, town: World, at: Address) -> None:
    rollout = Night(town).start()
    desk.goto(at("rollout", rollout.pk))
    desk.get_by_role("button", name="Pause").click()
    expect(desk.get_by_text("Somebody paused it.")).to_be_visible()
    desk.get_by_role("button", name="Resume").click()
    expect(desk.get_by_text("The rollout goes on.")).to_be_visible()


def test_the_form_shows_what_belongs_to_the_choice(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("new_rollout"))
    expect(desk.get_by_label("Harbour", exact=True)).to_be_hidden()
    expect(desk.get_by_label("Wave 1 goes up to")).to_be_hidden()
    desk.get_by_label("Some networks").check()
    desk.get_by_label("My own waves").check()
    expect(desk.get_by_label("Harbour", exact=True)).to_be_visible()
    expect(desk.get_by_label("Wave 1 goes up to")).to_be_visible()


def test_a_mistake_is_in_focus_and_visible(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("new_rollout"))
    desk.get_by_label("My own waves").check()
    desk.get_by_label("Wave 1 goes up to").fill("many")
    filled_in = desk.get_by_label("Wave 1 goes up to")
    desk.get_by_role("button", name="Review").click()
    expect(desk.locator("#errors")).to_be_focused()
    desk.locator("#errors").get_by_role("link", name="Wave 1 goes up to").click()
    expect(filled_in).to_be_focused()
    expect(filled_in).to_have_value("many")


def test_without_javascript(no_script: Page, town: World, at: Address) -> None:
    filled(no_script, at("new_rollout"))
    no_script.get_by_role("button", name="Edit again").click()
    no_script.get_by_label("All at once").check()
    no_script.get_by_role("button", name="Review").click()
    no_script.get_by_role("button", name="Start", exact=True).click()
    Rollout.objects.get().targets.update(state="succeeded", outcome="upgraded")
    no_script.get_by_role("link", name="Refresh").click()
    expect(no_script.get_by_text("3 of 3 upgraded")).to_be_visible()


def test_typing_in_the_filter_survives_the_page_s_own_refresh(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("rollout", Night(town).start().pk))
    desk.locator("#q").fill("Win")
    with desk.expect_response(lambda response: response.request.headers.get("hx-request") == "true"):
        wake(desk)
    expect(desk.locator("#q")).to_have_value("Win")
    expect(desk.locator("#q")).to_be_focused()


def test_tags_are_set_seen_and_filtered_by(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("rename", town.counter.serial))
    desk.get_by_label("Tags").fill("Bar, Ground floor")
    desk.get_by_role("button", name="Save").click()
    desk.get_by_role("link", name="ground floor").click()
    expect(desk.get_by_label("Tag", exact=True)).to_have_value("ground floor")
    expect(desk.get_by_role("rowheader", name="Counter")).to_be_visible()
    expect(desk.get_by_role("rowheader", name="Window")).to_have_count(0)


def eventful(town: World) -> Rollout:
    """A halted rollout in which everything has happened, with words of every kind."""
    night = Night(town)
    rollout = night.start(shares=(Share(1, "count"),))
    night.look(OPEN)
    first, second, third = night.targets()
    words = {"state": "failed", "outcome": "upgrade-failed", "words": "not enough space " * 9, "attempts": 2}
    rollout.targets.filter(pk=first.pk).update(**words)
    rollout.targets.filter(pk=second.pk).update(state="succeeded", outcome="upgraded", original="x" * 60)
    rollout.targets.filter(pk=third.pk).update(serial="0" * 12, access_point=None)
    Rollout.objects.update(state="halted", reason="1 of 1 access point failed or fell silent.")
    return rollout


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_of_rollouts_is_accessible(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None], scheme: Any
) -> None:
    desk.emulate_media(color_scheme=scheme)
    set_tags(town.ada, town.counter, ["lobby", "a tag of quite some length, indeed"[:40]])
    for name, rows in (("rollouts", ()), ("new_rollout", ()), ("access_point", (town.counter.serial,))):
        desk.goto(at(name, *rows))
        assert_accessible(desk)
    filled(desk, at("new_rollout"))
    assert_accessible(desk)
    desk.goto(at("rename", town.counter.serial))
    assert_accessible(desk)
    rollout = eventful(town)
    for name, rows in (("rollouts", ()), ("rollout", (rollout.pk,)), ("roll_back", (rollout.pk,))):
        desk.goto(at(name, *rows))
        assert_accessible(desk)


def test_the_form_with_everything_open_is_accessible(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None]
) -> None:
    AccessPoint.objects.of(town.cafe).update(firmware=NEW)
    desk.goto(at("new_rollout"))
    desk.get_by_label("Some networks").check()
    desk.get_by_label("My own waves").check()
    desk.get_by_text("Patience, pace and older versions").click()
    assert_accessible(desk)
    desk.get_by_label("Firmware", exact=True).select_option(label="TIP-v4.0.0 · Stable · edgecore_eap101")
    desk.get_by_label("All access points of the organisation").check()
    desk.get_by_label("All at once").check()
    desk.get_by_label("Also where something newer runs").check()
    desk.get_by_role("button", name="Review").click()
    desk.get_by_label("Type the version").fill("no")
    desk.get_by_role("button", name="Start", exact=True).click()
    expect(desk.locator("#errors")).to_be_focused()
    assert_accessible(desk)
