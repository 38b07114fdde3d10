"""Commands in the browser: asked for, waited for, cancelled, and what they brought."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone as clock

from accounts.models import AuditEntry
from devices import recordings
from devices.models import Command, Event
from devices.models.command import CommandKind
from tests.console.air import OnAir
from tests.console.forms import send
from tests.world import COUNTER, World

HTMX = {"headers": {"HX-Request": "true"}}
CAPTURE = b"\xd4\xc3\xb2\xa1" + bytes(40)
BY_NAME = {"duration": "10", "where": "interface", "interface": "wlan0-1"}
MAC = "02:00:00:00:00:01"


def counter(page: str = "access_point", *more: Any) -> str:
    return reverse(page, args=["cafe-lento", COUNTER, *more])


def text(client: Any, address: str, **more: Any) -> str:
    return " ".join(client.get(address, **more).content.decode().split())


def ask(world: World, kind: CommandKind, **params: Any) -> Command:
    return Command.ask(world.ada, world.counter, kind, params)


def test_blinking_is_asked_and_its_verdict_follows(world: World) -> None:
    on_air = OnAir(world.counter).check_in()
    bo = world.browser(world.bo)
    assert bo.post(counter("ask", "blink"))["Location"] == counter()
    waiting = text(bo, counter("command"), **HTMX)
    assert 'hx-trigger="every 1s"' in waiting
    assert "on its way" in waiting
    on_air.carry_out(Command.objects.get())
    done = text(bo, counter("command"), **HTMX)
    assert "hx-trigger" not in done
    assert "done" in done


@pytest.mark.parametrize("kind", ["factory", "trace", "kick", "Blink", "upgrade"])
def test_only_what_needs_no_words_is_asked_by_a_press(world: World, kind: str) -> None:
    assert world.browser(world.bo).post(counter("ask", kind)).status_code == 404
    assert not Command.objects.exists()


def test_commands_come_by_post_and_from_those_who_may(world: World) -> None:
    command = ask(world, CommandKind.TRACE, duration=10, network="up")
    pages = [counter("ask", "reboot"), counter("kick"), counter("cancel_command", command.pk)]
    for page in pages:
        assert world.browser(world.bo).get(page).status_code == 405
    for page in (*pages, counter("factory"), counter("record")):
        assert world.browser(world.vi).post(page).status_code == 403
        assert world.browser(world.otto).post(page).status_code == 404
    assert Command.objects.count() == 1


def test_what_waits_says_until_when_and_can_be_cancelled(world: World) -> None:
    bo = world.browser(world.bo)
    bo.post(counter("ask", "reboot"))
    command = Command.objects.get()
    assert "for the access point to come online" in text(bo, counter())
    assert "Cancel it" not in text(world.browser(world.vi), counter())
    page = bo.post(counter("cancel_command", command.pk), follow=True)
    assert "It was cancelled before" in page.content.decode()
    assert "cancelled before it was sent" in text(bo, counter("commands"))
    late = bo.post(counter("cancel_command", command.pk), follow=True)
    assert "too late to cancel" in late.content.decode()


def test_an_upgrade_is_nobodys_to_cancel_here(world: World) -> None:
    command = ask(world, CommandKind.UPGRADE)
    assert world.browser(world.bo).post(counter("cancel_command", command.pk)).status_code == 404


def test_a_factory_reset_wants_its_name_typed(world: World) -> None:
    bo = world.browser(world.bo)
    assert "comes back with factory settings" in text(bo, counter("factory"))
    assert send(bo, counter("factory"), typed="Window").status_code == 422
    assert not Command.objects.exists()
    assert send(bo, counter("factory"), typed="counter")["Location"] == counter()
    assert Command.objects.get().kind == "factory"


def test_a_restart_says_when_it_is_back(world: World) -> None:
    on_air = OnAir(world.counter).check_in()
    command = ask(world, CommandKind.REBOOT)
    on_air.carry_out(command)
    vi = world.browser(world.vi)
    assert "it is not back yet" in text(vi, counter())
    command.refresh_from_db()
    at = command.ended_at + timedelta(seconds=43)
    Event.objects.create(access_point=world.counter, fact="back", kind="connected", at=at)
    for page in (counter(), counter("commands"), counter("command_detail", command.pk)):
        assert "done, back online after 43 s" in text(vi, page)


def test_a_restart_nobody_came_back_from_is_not_called_done(world: World) -> None:
    command = ask(world, CommandKind.REBOOT)
    Command.objects.update(state="done", ended_at=clock.now() - timedelta(minutes=20))
    assert "not seen to come back" in text(world.browser(world.vi), counter("command_detail", command.pk))


def heard(number: int, ssid: str, channel: int, signal: int) -> dict[str, Any]:
    return {
        "ssid": ssid,
        "bssid": f"00:1a:2b:00:00:{number:02x}",
        "channel": channel,
        "band": "2G",
        "signal": signal,
    }


def test_a_scan_is_a_table_and_says_which_channels_are_crowded(world: World) -> None:
    on_air = OnAir(world.counter).check_in()
    page = world.browser(world.bo).post(counter("ask", "wifiscan"))["Location"]
    on_air.carry_out(Command.objects.get())
    found = [heard(n, f"Shop {n}", 6, -40 - n) for n in range(3)] + [heard(9, "", 1, -80)]
    Command.objects.update(result=found)
    shown = text(world.browser(world.vi), page)
    assert "6 on 2.4 GHz (3 networks)" in shown
    assert "around channel: 11" in shown
    assert shown.index("Shop 0") < shown.index("Shop 2") < shown.index(">hidden<")


@pytest.mark.parametrize("sort", ["ssid", "-ssid", "bssid", "channel", "band", "-signal", "nonsense"])
def test_the_table_is_sorted_as_asked(world: World, sort: str) -> None:
    command = ask(world, CommandKind.WIFISCAN)
    Command.objects.update(state="done", result=[heard(1, "B", 11, -50), heard(2, "A", 1, -60)])
    shown = text(world.browser(world.vi), counter("command_detail", command.pk) + f"?sort={sort}")
    first = "00:02" if sort in ("ssid", "channel", "band", "-signal") else "00:01"
    assert shown.index(first) < shown.index("00:01" if first == "00:02" else "00:02")


@pytest.mark.parametrize(
    ("filled", "params"),
    [
        ({"duration": "30", "where": "up"}, {"duration": 30, "network": "up"}),
        ({"duration": "300", "where": "down", "interface": "eth0"}, {"duration": 300, "network": "down"}),
        (BY_NAME, {"duration": 10, "interface": "wlan0-1"}),
        ({"duration": "9", "where": "up"}, None),
        ({"duration": "301", "where": "up"}, None),
        ({"duration": "60", "where": "interface"}, None),
        ({"duration": "60", "where": "interface", "interface": "../etc"}, None),
        ({"duration": "60", "where": "sideways"}, None),
    ],
)  # fmt: skip
def test_a_recording_is_asked_for_in_bounds(world: World, filled: dict[str, str], params: Any) -> None:
    answer = send(world.browser(world.bo), counter("record"), **filled)
    assert answer.status_code == (302 if params else 422)
    assert [one.params for one in Command.objects.all()] == ([params] if params else [])


def test_a_recording_is_downloaded_by_admins_alone_and_every_download_is_noted(world: World) -> None:
    command = ask(world, CommandKind.TRACE, duration=10, network="up")
    bo, page = world.browser(world.bo), counter("recording", command.pk)
    assert bo.get(page)["Location"] == counter("command_detail", command.pk)
    uri = recordings.upload_address(command).partition("/uploads/")[2]
    bo.post(f"/uploads/{uri}", {"name": COUNTER, "data": SimpleUploadedFile("x", CAPTURE)})
    assert "counter-" in bo.get(page)["Location"]
    assert ".pcap" in bo.get(page)["Location"]
    assert AuditEntry.objects.filter(verb="command.download", actor=world.bo).count() == 2
    assert world.browser(world.vi).get(page).status_code == 403
    assert world.browser(world.otto).get(page).status_code == 404


def test_a_client_is_disconnected_from_either_list(world: World) -> None:
    on_air = OnAir(world.counter, clients=8).check_in()
    on_air.apply()
    mac = on_air.device.crowd.clients[0].mac
    bo, clients = world.browser(world.bo), reverse("clients", args=["cafe-lento", world.harbour.pk])
    for page in (counter(), clients):
        assert f'name="mac" value="{mac}"' in text(bo, page)
        assert counter("kick") in text(bo, page)
        assert counter("kick") not in text(world.browser(world.vi), page)
    assert bo.post(counter("kick"), {"mac": mac, "whole": "on"})["Location"] == clients
    assert bo.post(counter("kick"), {"mac": MAC.upper()})["Location"] == counter()
    assert {one.params["mac"] for one in Command.objects.filter(kind="kick")} == {mac, MAC}


@pytest.mark.parametrize("mac", ["", "x", "02:00:00:00:00", "02:00:00:00:00:01:02", '"; reboot'])
def test_what_is_no_clients_address_is_refused(world: World, mac: str) -> None:
    assert world.browser(world.bo).post(counter("kick"), {"mac": mac}).status_code == 400
    assert not Command.objects.exists()


def test_the_list_has_pages_and_says_who_asked_and_how_it_ended(world: World) -> None:
    rows = [Command(access_point=world.counter, kind="blink", expires_at=clock.now()) for _ in range(54)]
    Command.objects.bulk_create(rows)
    last = ask(world, CommandKind.REBOOT)
    Command.objects.filter(pk=last.pk).update(state="failed", text="<b>busy</b>", ended_at=clock.now())
    vi = world.browser(world.vi)
    first = vi.get(counter("commands"))
    assert (len(first.context["rows"]), len(vi.get(counter("commands"), {"page": 2}).context["rows"])) == (
        50,
        5,
    )
    for words in ("Failed", "Ada", "it failed", "&lt;b&gt;busy"):
        assert words in first.content.decode()


def test_the_log_says_which_command_it_was_and_who_asked(world: World) -> None:
    on_air = OnAir(world.counter).check_in()
    kick = ask(world, CommandKind.KICK, mac=MAC)
    on_air._fact("command_sent", command=kick.pk)
    on_air.carry_out(ask(world, CommandKind.REBOOT))
    on_air._fact("command_failed", command=ask(world, CommandKind.WIFISCAN).pk, text="no radio")
    on_air._fact("command_failed", command=ask(world, CommandKind.BLINK).pk, unanswered=True)
    log = text(world.browser(world.vi), counter("log"))
    for words in (
        f"Disconnected {MAC} at Ada&#x27;s request",
        "Restarts at Ada&#x27;s request",
        "Look for other Wi-Fi, at Ada&#x27;s request, failed <q>no radio</q>",
        "Blink the lights: it did not answer Ada&#x27;s request",
    ):
        assert words in log


def test_what_somebody_did_is_in_the_activity(world: World) -> None:
    ask(world, CommandKind.KICK, mac=MAC)
    ask(world, CommandKind.TRACE, duration=30, network="up")
    ask(world, CommandKind.FACTORY).cancel(world.bo)
    page = text(world.browser(world.ada), reverse("audit", args=["cafe-lento"]) + "?about=command")
    for words in (
        f"disconnected the client {MAC} from Counter",
        "recorded traffic of Counter for 30 s",
        "reset Counter to factory settings",
        "cancelled a command that waited for Counter",
    ):
        assert words in page
