"""One access point in the browser: its state, its own words, its log, its verbs."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone as clock

from devices.models import AccessPoint, Event
from tests.console.air import OnAir
from tests.console.forms import fields, send
from tests.world import COUNTER, World

HTMX = {"headers": {"HX-Request": "true"}}


def counter(page: str = "access_point", *more: Any) -> str:
    return reverse(page, args=["cafe-lento", COUNTER, *more])


def test_the_page_tells_what_it_reports(world: World) -> None:
    on_air = OnAir(world.counter, clients=8).check_in()
    on_air.apply()
    text = world.browser(world.vi).get(counter()).content.decode()
    someone = on_air.device.crowd.clients[0]
    for words in ("Online", "Up to date", "Current", "5 GHz", "dBm", "MHz", someone.mac, someone.hostname):
        assert words in text
    assert "203.0.113.7" in text


def test_one_that_never_came_has_a_page_as_well(world: World) -> None:
    text = world.browser(world.vi).get(counter()).content.decode()
    for words in ("Waiting for first check-in", "Change waiting", "never", "Nothing has happened yet"):
        assert words in text


def test_its_own_words_are_quoted_and_harmless(world: World) -> None:
    on_air = OnAir(world.counter).check_in()
    on_air.refuse("<script>alert(1)</script>", "radio 5G: no")
    text = world.browser(world.vi).get(counter()).content.decode()
    assert "The access point refused its configuration" in text
    assert "radio 5G: no" in text
    assert "<script>alert" not in text


def test_what_was_left_out_is_said(world: World) -> None:
    OnAir(world.counter).check_in().apply(rejected=("rate-limit is not supported",))
    text = world.browser(world.vi).get(counter()).content.decode()
    assert "Applied, but some of it was left out" in text
    assert "rate-limit is not supported" in text


def test_the_log_speaks_in_sentences(world: World) -> None:
    on_air = OnAir(world.counter).check_in()
    on_air.happens("client.key-mismatch", client="02:00:00:00:00:01", ssid="Lento")
    on_air.happens("poe.overload", watts=31)
    Event.objects.create(
        access_point=world.counter, fact="silent-1", kind="silent", at=world.counter.claimed_at
    )
    text = world.browser(world.vi).get(counter("log")).content.decode()
    for words in (
        "Came online with",
        "02:00:00:00:00:01 tried a wrong passphrase for Lento",
        "poe.overload",
        "Silent",
    ):
        assert words in text


def test_the_log_has_pages(world: World) -> None:
    on_air = OnAir(world.counter).check_in()
    for number in range(55):
        on_air.happens("client.join", client=f"02:00:00:00:00:{number:02x}", ssid="Lento")
    browser = world.browser(world.vi)
    assert len(browser.get(counter("log")).context["lines"]) == 50
    assert len(browser.get(counter("log"), {"page": "2"}).context["lines"]) == 6


@pytest.mark.parametrize(
    "data", [[], {"payload": []}, {"payload": {"client": {"x": 1}}}, {"rejected": 7}, None]
)
def test_a_log_line_of_any_shape_is_shown(world: World, data: Any) -> None:
    for kind in ("applied", "client.join", "health", "connected", "log"):
        Event.objects.create(
            access_point=world.counter, fact=kind, kind=kind, at=world.counter.claimed_at, data=data or {}
        )
    assert world.browser(world.vi).get(counter("log")).status_code == 200


def test_renaming(world: World) -> None:
    bo = world.browser(world.bo)
    send(bo, counter("rename"), name="  Bar   left ")
    assert AccessPoint.objects.get(serial=COUNTER).name == "Bar left"
    assert send(bo, counter("rename"), name="x" * 61).status_code == 422
    send(bo, counter("rename"), name="")
    assert str(AccessPoint.objects.get(serial=COUNTER)) == COUNTER


def test_moving_stays_within_the_organisation(world: World) -> None:
    bo = world.browser(world.bo)
    for network in (world.halde, world.harbour):
        assert send(bo, counter("move"), network=str(network.pk)).status_code == 422
    send(bo, counter("move"), network=str(world.market.pk))
    assert AccessPoint.objects.get(serial=COUNTER).network == world.market


def test_one_that_moved_is_not_up_to_date_before_its_new_configuration(world: World) -> None:
    OnAir(world.counter).check_in().apply()
    world.counter.move(world.bo, world.market)
    world.counter.configuration.refresh_from_db()
    assert world.market.revision_number == world.harbour.revision_number
    assert world.counter.configuration.state(clock.now()) == "waiting"


def test_clients_of_one_that_is_gone_are_said_to_be_of_its_last_report(world: World) -> None:
    on_air = OnAir(world.counter, clients=8).check_in()
    on_air.apply()
    vi = world.browser(world.vi)
    assert b"as of its last report" not in vi.get(counter()).content
    on_air.leave()
    assert b"as of its last report" in vi.get(counter()).content


def test_releasing_needs_its_name(world: World) -> None:
    bo = world.browser(world.bo)
    assert send(bo, counter("release"), typed="").status_code == 422
    assert send(bo, counter("release"), typed="counter").status_code == 302
    assert not AccessPoint.objects.filter(serial=COUNTER).exists()


def test_a_lost_live_store_is_said(world: World, settings: Any) -> None:
    settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"
    assert "cannot be shown right now" in world.browser(world.vi).get(counter()).content.decode()


def test_the_part_that_is_asked_again_is_no_whole_page(world: World) -> None:
    part = world.browser(world.vi).get(counter(), **HTMX).content.decode()
    assert part.lstrip().startswith('<div id="live"')
    assert fields(world.browser(world.bo).get(counter()), counter("ask", "blink")) == {}
