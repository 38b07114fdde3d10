"""Commands as a person follows them: live, in the keyboard's reach, on a phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from devices.models import Command, Event
from devices.models.command import CommandKind
from tests.browser.test_console import Address, at, desk, town
from tests.console.air import OnAir
from tests.world import World

__all__ = ["at", "desk", "town"]
FOUND = [
    {"ssid": f"Shop {n}", "bssid": f"00:1a:2b:00:00:{n:02x}", "channel": 6, "band": "2G", "signal": -40 - n}
    for n in range(12)
]


def test_a_restart_is_followed_until_it_is_back(desk: Page, town: World, at: Address) -> None:
    counter = OnAir(town.counter).check_in()
    desk.goto(at("access_point", town.counter.serial))
    desk.get_by_role("button", name="Reboot").click()
    expect(desk.get_by_text("on its way")).to_be_visible()
    command = Command.objects.get()
    counter.carry_out(command)
    expect(desk.get_by_text("it is not back yet")).to_be_visible()
    command.refresh_from_db()
    back = command.ended_at + timedelta(seconds=43)
    Event.objects.create(access_point=town.counter, fact="back", kind="connected", at=back)
    expect(desk.get_by_text("done, back online after 43 s")).to_be_visible()


def test_a_scan_appears_when_it_is_there(desk: Page, town: World, at: Address) -> None:
    counter = OnAir(town.counter).check_in()
    desk.goto(at("access_point", town.counter.serial))
    desk.locator(".page-head details summary").click()
    desk.get_by_role("button", name="Look for other Wi-Fi").click()
    expect(desk.get_by_text("on its way")).to_be_visible()
    found = [{**one, "frequency": 2437} for one in FOUND]
    counter._fact("command_done", command=Command.objects.get().pk, result={"scan": found})
    expect(desk.get_by_text("Crowded channels: 6 on 2.4 GHz (12 networks).")).to_be_visible()
    desk.get_by_role("link", name="SSID", exact=True).click()
    expect(desk.locator("tbody tr").nth(1)).to_contain_text("Shop 1")


def test_what_waits_is_cancelled_on_the_spot(desk: Page, town: World, at: Address) -> None:
    desk.goto(at("access_point", town.counter.serial))
    desk.get_by_role("button", name="Blink").click()
    expect(desk.get_by_text("for the access point to come online")).to_be_visible()
    desk.get_by_role("button", name="Cancel it").click()
    expect(desk.get_by_text("It was cancelled before the access point fetched it.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_of_commands_is_accessible(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None], scheme: Any
) -> None:
    OnAir(town.counter, clients=8).check_in().apply()
    scan = Command.ask(town.ada, town.counter, CommandKind.WIFISCAN)
    Command.objects.update(state="done", result=FOUND)
    trace = Command.ask(town.ada, town.counter, CommandKind.TRACE, {"duration": 60, "network": "up"})
    Command.objects.filter(pk=trace.pk).update(state="done", upload="traces/1.pcap", result={"size": 2048})
    Command.ask(town.ada, town.counter, CommandKind.REBOOT)
    desk.emulate_media(color_scheme=scheme)
    serial = town.counter.serial
    details = [("command_detail", (one.pk,)) for one in (scan, trace)]
    for name, rows in [*((name, ()) for name in ("access_point", "commands", "factory", "record")), *details]:
        desk.goto(at(name, serial, *rows))
        assert_accessible(desk)
