"""The console as a person uses it: with mouse, with keys alone, on a phone, without JavaScript."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.urls import reverse
from django.utils import timezone as clock
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from devices import alerting
from devices.models import AccessPoint, Command, Link, Network
from tests.console.air import OnAir, put_on_air
from tests.world import World, build

Address = Callable[..., str]


@pytest.fixture
def town(transactional_db: None) -> World:
    """The cast, committed: the server in the other thread must see it."""
    return build()


@pytest.fixture
def at(live_server: Any) -> Address:
    """The whole address of a page of Café Lento's."""
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
    client = town.browser(town.ada)
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    yield context.new_page()
    context.close()


def abroad(town: World) -> None:
    """Bo moves the harbour to another country: revision 2."""
    town.harbour.revise(town.bo, msgspec.structs.replace(town.harbour.intent(), name="Haven", country="BE"))


def test_from_signing_up_to_on_air(
    page: Page, live_server: Any, town: World, sign_in: Callable[[User], None]
) -> None:
    town.nobody.emailaddress_set.update(verified=True)
    sign_in(town.nobody)
    page.goto(live_server.url + "/")
    page.get_by_label("Organisation").fill("Bakery Zon")
    page.get_by_label("Network name").fill("Shop")
    page.get_by_label("Country").select_option("NL")
    assert page.get_by_label("Time zone").input_value() == "Europe/Amsterdam"
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Serials or MAC addresses").fill("24:f5:a2:00:0b:01, Oven\nnonsense")
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_text("1 of 2 is yours")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Name (SSID)").fill("Zon")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Waiting for first check-in")).to_be_visible()
    oven = Network.objects.get(name="Shop").access_points.get()
    OnAir(oven).check_in().apply()
    expect(page.get_by_text("All of them are on air")).to_be_visible()


def test_a_passphrase_is_hidden_shown_and_made_anew(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("new_ssid", town.harbour.pk))
    field = desk.get_by_label("Passphrase", exact=True)
    first = field.input_value()
    desk.get_by_role("button", name="Hide").click()
    expect(field).to_have_attribute("type", "password")
    desk.get_by_role("button", name="Generate").click()
    expect(field).to_have_attribute("type", "text")
    expect(field).to_have_value(re.compile(r"^[a-z2-9]{4}(-[a-z2-9]{4}){3}$"))
    assert field.input_value() != first


def test_the_form_shows_what_belongs_to_the_security_chosen(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("new_ssid", town.harbour.pk))
    expect(desk.get_by_label("RADIUS server")).to_be_hidden()
    desk.get_by_label("Security").select_option("wpa3-enterprise")
    expect(desk.get_by_label("RADIUS server")).to_be_visible()
    expect(desk.get_by_label("Passphrase", exact=True)).to_be_hidden()
    desk.get_by_label("Guest network").check()
    expect(desk.get_by_label("click-through")).to_be_visible()


def test_a_save_is_reviewed_and_watched_until_applied(desk: Page, town: World, at: Address) -> None:
    counter, window = put_on_air(town.harbour)
    desk.goto(at("ssid", town.harbour.pk, town.ssid(town.harbour, "Lento").pk))
    desk.get_by_label("Name (SSID)").fill("Lento Harbour")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("2 access points")).to_be_visible()
    desk.get_by_role("button", name="Apply").click()
    expect(desk.get_by_text("Applied to 0 of 2")).to_be_visible()
    counter.apply()
    expect(desk.get_by_text("Applied to 1 of 2")).to_be_visible()
    window.leave()
    expect(desk.get_by_text("Applied to 1 of 2, 1 offline")).to_be_visible()
    expect(desk.locator("#progress[hx-get]")).to_have_count(0)
    expect(desk.locator("#live").get_by_text("Offline", exact=True).last).to_be_visible()


def test_the_keyboard_keeps_its_place_while_a_change_goes_out(desk: Page, town: World, at: Address) -> None:
    found = put_on_air(town.harbour)
    abroad(town)
    desk.goto(at("network", town.harbour.pk) + "?revision=2")
    desk.get_by_role("button", name="Undo").focus()
    for number, one in enumerate(found, start=1):
        one.apply()
        expect(desk.get_by_text(f"Applied to {number} of 2")).to_be_visible()
        expect(desk.get_by_role("button", name="Undo")).to_be_focused()


def test_the_keyboard_keeps_its_place_while_plugging_in(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("setup_go_live", town.harbour.pk))
    desk.get_by_role("link", name="Window").focus()
    put_on_air(town.harbour)
    expect(desk.get_by_text("All of them are on air")).to_be_visible()
    expect(desk.get_by_role("link", name="Window")).to_be_focused()


@pytest.mark.parametrize("name", ["network", "setup_go_live"])
def test_what_is_finished_is_not_asked_for_again(desk: Page, town: World, at: Address, name: str) -> None:
    found = put_on_air(town.harbour)
    abroad(town)
    desk.clock.install()
    desk.goto(at(name, town.harbour.pk) + "?revision=2")
    for one in found:
        one.apply()
    desk.clock.run_for(3000)
    expect(desk.get_by_text(re.compile("Applied to 2 of 2|All of them"))).to_be_visible()
    expect(desk.locator("#progress[hx-get], #going-live[hx-get]")).to_have_count(0)
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    desk.clock.run_for(6000)
    desk.evaluate("fetch('/livez')")
    assert [url for url in asked if "/progress/" in url or "/go-live/" in url] == []


def test_undo_is_one_click_from_the_result(desk: Page, town: World, at: Address) -> None:
    put_on_air(town.harbour)
    abroad(town)
    desk.goto(at("network", town.harbour.pk) + "?revision=2")
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("Revision 3 by Ada")).to_be_visible()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Harbour")


def test_a_mistake_brings_the_errors_into_focus(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("ssid", town.harbour.pk, town.ssid(town.harbour, "Lento").pk))
    desk.get_by_label("Passphrase", exact=True).fill("short")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#errors")).to_be_focused()
    desk.locator("#errors").get_by_role("link", name="Passphrase").click()
    expect(desk.get_by_label("Passphrase", exact=True)).to_be_focused()
    expect(desk.get_by_label("Passphrase", exact=True)).to_have_value("short")


def test_blinking_ends_in_a_verdict(desk: Page, town: World, at: Address) -> None:
    counter = OnAir(town.counter).check_in()
    counter.apply()
    desk.goto(at("access_point", town.counter.serial))
    desk.get_by_role("button", name="Blink").click()
    expect(desk.get_by_text("on its way")).to_be_visible()
    counter.carry_out(Command.objects.get())
    expect(desk.locator("#verdict").get_by_text("done")).to_be_visible()


def test_typing_in_the_filter_survives_the_page_s_own_refresh(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("network", town.harbour.pk))
    desk.locator("#q").fill("Win")
    with desk.expect_response(lambda response: response.request.headers.get("hx-request") == "true"):
        desk.evaluate("document.body.dispatchEvent(new Event('applied'))")
    expect(desk.locator("#q")).to_have_value("Win")
    expect(desk.locator("#q")).to_be_focused()


def wake(page: Page) -> None:
    """Have the page follow up now, not in ten seconds."""
    page.evaluate("document.body.dispatchEvent(new Event('wake'))")


@pytest.mark.expects_status(404)
def test_a_page_whose_subject_is_gone_keeps_what_it_showed(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("access_point", town.counter.serial))
    town.counter.release(town.bo)
    with desk.expect_response(lambda response: response.status == 404):
        wake(desk)
    expect(desk.locator("#live").get_by_text("Waiting for first check-in")).to_be_visible()


def test_a_page_nobody_looks_at_asks_for_nothing(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("access_point", town.counter.serial))
    asked: list[str] = []
    desk.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    desk.on("request", lambda request: asked.extend(request.headers.get("hx-request", "")[:1]))
    wake(desk)
    desk.evaluate("delete document.hidden")
    assert asked == []
    with desk.expect_response(lambda response: response.ok):
        desk.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert asked


def test_keys_alone_find_an_access_point(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("network", town.harbour.pk))
    desk.keyboard.press("Control+k")
    expect(desk.locator("#find")).to_be_focused()
    desk.keyboard.type("24-F5-A2-00-00-02")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Window")


def test_single_keys_filter_help_and_can_be_switched_off(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("network", town.harbour.pk))
    desk.keyboard.press("/")
    expect(desk.locator("#q")).to_be_focused()
    desk.locator("#q").blur()
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_be_visible()
    desk.get_by_label("Single keys do something").uncheck()
    desk.keyboard.press("Escape")
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_be_hidden()


def test_menus_open_and_close_by_keys(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("dashboard"))
    switcher = desk.locator("summary", has_text="Café Lento")
    switcher.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("link", name="New organisation")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("link", name="New organisation")).to_be_hidden()
    expect(switcher).to_be_focused()


def test_everything_works_without_javascript(no_script: Page, town: World, at: Address) -> None:
    counter, window = put_on_air(town.harbour)
    no_script.goto(at("ssid", town.harbour.pk, town.ssid(town.harbour, "Lento").pk))
    no_script.get_by_label("Name (SSID)").fill("Lento Harbour")
    no_script.get_by_role("button", name="Save").click()
    no_script.get_by_role("button", name="Apply").click()
    expect(no_script.get_by_text("Applied to 0 of 2")).to_be_visible()
    counter.apply()
    window.apply()
    no_script.get_by_role("link", name="Refresh").click()
    expect(no_script.get_by_text("Applied to 2 of 2")).to_be_visible()
    no_script.get_by_role("button", name="Undo").click()
    expect(no_script.get_by_role("rowheader", name="Lento", exact=True)).to_be_visible()


PAGES: dict[str, Callable[[World], tuple[Any, ...]]] = {
    "dashboard": lambda town: (),
    "search": lambda town: (),
    "new_network": lambda town: (),
    "network": lambda town: (town.harbour.pk,),
    "clients": lambda town: (town.harbour.pk,),
    "history": lambda town: (town.harbour.pk,),
    "network_settings": lambda town: (town.harbour.pk,),
    "alert_rule": lambda town: (town.harbour.pk,),
    "alerts": lambda town: (),
    "remove_network": lambda town: (town.harbour.pk,),
    "add_access_points": lambda town: (town.harbour.pk,),
    "setup_access_points": lambda town: (town.harbour.pk,),
    "setup_wifi": lambda town: (town.harbour.pk,),
    "setup_go_live": lambda town: (town.harbour.pk,),
    "new_ssid": lambda town: (town.harbour.pk,),
    "ssid": lambda town: (town.harbour.pk, town.ssid(town.harbour, "Lento").pk),
    "join_ssid": lambda town: (town.harbour.pk, town.ssid(town.harbour, "Lento").pk),
    "remove_ssid": lambda town: (town.harbour.pk, town.ssid(town.harbour, "Lento").pk),
    "access_point": lambda town: (town.counter.serial,),
    "log": lambda town: (town.counter.serial,),
    "rename": lambda town: (town.counter.serial,),
    "move": lambda town: (town.counter.serial,),
    "release": lambda town: (town.counter.serial,),
}


def goes_missing(access_point: AccessPoint) -> None:
    """Silent for twenty minutes, and somebody was told of it."""
    since = clock.now() - timedelta(minutes=20)
    AccessPoint.objects.filter(pk=access_point.pk).update(link=Link.OFFLINE, offline_since=since)
    alerting.look(clock.now())


def test_who_is_told_is_said_and_a_mistake_is_shown(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None]
) -> None:
    desk.goto(at("network_settings", town.harbour.pk))
    desk.get_by_role("link", name="Change the alerts").click()
    desk.get_by_label("E-mail addresses").fill("desk@lento.example\nnonsense")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("#errors")).to_contain_text("Not an e-mail address: nonsense")
    assert_accessible(desk)
    desk.get_by_label("E-mail addresses").fill("desk@lento.example")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("Saved.")).to_be_visible()


def test_an_alert_appears_on_the_open_dashboard_and_leads_to_who_is_missing(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None]
) -> None:
    desk.goto(at("dashboard"))
    goes_missing(town.counter)
    wake(desk)
    expect(desk.get_by_text("1 access point offline")).to_be_visible()
    assert_accessible(desk)
    desk.get_by_role("link", name="1 access point offline").click()
    expect(desk.get_by_role("rowheader", name="Counter")).to_be_visible()
    expect(desk.get_by_role("rowheader", name="Window")).to_have_count(0)
    assert_accessible(desk)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_accessible(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None], scheme: Any
) -> None:
    counter, window = put_on_air(town.harbour)
    abroad(town)
    town.harbour.undo(town.bo, 1)
    counter.apply(rejected=("rate-limit is not supported",))
    window.refuse("radio 5G: channel 144 is not allowed")
    goes_missing(town.terrace)
    desk.emulate_media(color_scheme=scheme)
    for name, rows in PAGES.items():
        desk.goto(at(name, *rows(town)) + ("?q=o" if name == "search" else ""))
        assert_accessible(desk)


def test_the_screens_of_a_change_are_accessible(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None]
) -> None:
    put_on_air(town.harbour)
    desk.goto(at("ssid", town.harbour.pk, town.ssid(town.harbour, "Lento").pk))
    desk.locator("details.more summary").click()
    desk.get_by_label("VLAN").fill("4095")
    desk.get_by_role("button", name="Save").click()
    assert_accessible(desk)
    desk.get_by_label("VLAN").fill("12")
    desk.get_by_role("button", name="Save").click()
    assert_accessible(desk)
    desk.get_by_role("button", name="Apply").click()
    assert_accessible(desk)


def test_a_screen_of_nothing_is_accessible(
    page: Page,
    town: World,
    sign_in: Callable[[User], None],
    live_server: Any,
    assert_accessible: Callable[[Page], None],
) -> None:
    sign_in(town.nobody)
    page.goto(live_server.url + "/start/")
    assert_accessible(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#errors")).to_be_focused()
    assert_accessible(page)


@pytest.mark.expects_status(404)
def test_the_page_of_nothing_there_is_accessible(
    desk: Page, live_server: Any, assert_accessible: Callable[[Page], None]
) -> None:
    desk.goto(live_server.url + "/no/such/page/")
    assert_accessible(desk)
