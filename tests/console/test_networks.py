"""Networks in the browser: the dashboard, the page, settings, history, undo, deletion."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone as clock

from devices.models import AccessPoint, Network
from tests.console.air import OnAir, put_on_air
from tests.console.forms import fields, send
from tests.world import World


def harbour(world: World, page: str = "network", *more: Any) -> str:
    return reverse(page, args=["cafe-lento", world.harbour.pk, *more])


def rows(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def change(client: Client, world: World, **changed: Any) -> Any:
    """Change the settings; apply the review when there is one."""
    page = send(client, harbour(world, "network_settings"), **changed)
    if page.status_code == 200:
        return client.post(harbour(world, "review"), fields(page, harbour(world, "review")))
    return page


def test_the_dashboard_counts_every_axis(world: World) -> None:
    counter, window = put_on_air(world.harbour, clients=5)
    window.leave()
    page = world.browser(world.vi).get(reverse("dashboard", args=["cafe-lento"]))
    harbour_, market = page.context["summaries"]
    assert (harbour_.online, harbour_.offline, harbour_.total) == (1, 1, 2)
    assert harbour_.clients == len(counter.device.crowd.clients)
    assert (market.expected, market.changing, market.online) == (1, 0, 0)


def test_the_network_page_shows_all_three_axes(world: World) -> None:
    put_on_air(world.harbour)
    text = world.browser(world.vi).get(harbour(world)).content.decode()
    for words in ("Counter", "24:f5:a2:00:00:01", "Online", "Up to date", "Current", "Lento Guests"):
        assert words in text


def test_last_seen_is_its_last_check_in_and_not_the_last_thing_that_happened(world: World) -> None:
    put_on_air(world.harbour)
    AccessPoint.objects.update(last_seen=datetime(2026, 1, 1, tzinfo=UTC))
    before = clock.now()
    for path in (harbour(world), harbour(world, "access_points_csv")):
        page = world.browser(world.vi).get(path)
        assert "2026-01-01" not in (b"".join(page) if page.streaming else page.content).decode()
    (counter, _) = world.browser(world.vi).get(harbour(world)).context["rows"]
    assert abs(counter.last_seen - before).total_seconds() < 60


def test_a_viewer_sees_nothing_to_press(world: World) -> None:
    text = world.browser(world.vi).get(harbour(world)).content.decode()
    for words in ("Switch off", "Add Wi-Fi", "Add access points", "Settings</a>\n</nav>"):
        assert words not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Counter", "Window"]),
        ({"sort": "-name"}, ["Window", "Counter"]),
        ({"sort": "nonsense; drop"}, ["Counter", "Window"]),
        ({"q": "count"}, ["Counter"]),
        ({"q": "24-F5-A2-00-00-02"}, ["Window"]),
        ({"q": "203.0.113."}, ["Counter"]),
        ({"q": "nothing like it"}, []),
        ({"link": "online"}, ["Counter"]),
        ({"link": "nonsense"}, ["Counter", "Window"]),
        ({"configuration": "waiting"}, ["Window"]),
        ({"configuration": "up-to-date", "q": "o"}, ["Counter"]),
        ({"page": "99"}, ["Counter", "Window"]),
        ({"page": "x"}, ["Counter", "Window"]),
    ],
)
def test_filter_order_and_page_are_in_the_address(
    world: World, query: dict[str, str], found: list[str]
) -> None:
    OnAir(world.counter).check_in().apply()
    page = world.browser(world.vi).get(harbour(world), query)
    assert [row.name for row in page.context["page"]] == found


@pytest.mark.parametrize("shown", ["network", "clients"])
def test_who_filters_keeps_the_order(world: World, shown: str) -> None:
    put_on_air(world.harbour, clients=2)
    page = world.browser(world.vi).get(harbour(world, shown), {"sort": "-name"})
    assert '<input type="hidden" name="sort" value="-name">' in page.content.decode()


def test_the_csv_holds_the_present_filter_and_no_formula(world: World) -> None:
    world.counter.rename(world.ada, "=HYPERLINK(1)")
    browser = world.browser(world.vi)
    everything = rows(browser.get(harbour(world, "access_points_csv")))
    one = rows(browser.get(harbour(world, "access_points_csv"), {"q": "window"}))
    assert [row[0] for row in everything] == ["Name", "'=HYPERLINK(1)", "Window"]
    assert [row[:2] for row in one[1:]] == [["Window", world.window.serial]]


def test_the_clients_page_filters_and_exports(world: World) -> None:
    counter, _ = put_on_air(world.harbour, clients=12)
    browser = world.browser(world.vi)
    someone = counter.device.crowd.clients[0]
    page = browser.get(harbour(world, "clients"), {"q": someone.mac.replace(":", "-").upper()})
    exported = rows(browser.get(harbour(world, "clients_csv"), {"ssid": someone.bss.ssid}))
    assert [seen.client.mac for seen in page.context["page"]] == [someone.mac]
    assert {row[3] for row in exported[1:]} == {someone.bss.ssid}


def test_a_lost_live_store_leaves_the_pages_standing(world: World, settings: Any) -> None:
    put_on_air(world.harbour)
    settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"
    browser = world.browser(world.ada)
    assert "–" in browser.get(harbour(world)).content.decode()
    assert "cannot be shown right now" in browser.get(harbour(world, "clients")).content.decode()
    assert browser.get(reverse("dashboard", args=["cafe-lento"])).status_code == 200
    review = send(browser, harbour(world, "network_settings"), country="BE")
    assert "how many cannot be told" in review.content.decode()


def test_a_new_country_is_reviewed_and_a_new_name_is_not(world: World) -> None:
    put_on_air(world.harbour)
    bo = world.browser(world.bo)
    review = send(bo, harbour(world, "network_settings"), country="BE")
    assert "Belgium" in review.content.decode()
    assert send(bo, harbour(world, "network_settings"), name="Pier").status_code == 302
    assert Network.objects.get(pk=world.harbour.pk).name == "Pier"


def test_settings_refuse_in_words(world: World) -> None:
    bo = world.browser(world.bo)
    page = send(bo, harbour(world, "network_settings"), country="XX", window_end="03:00", name=" ")
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"country", "name"}
    page = send(bo, harbour(world, "network_settings"), window_end="03:00")
    assert "ends when it starts" in page.content.decode()


def test_a_stale_settings_form_keeps_what_was_typed(world: World) -> None:
    bo = world.browser(world.bo)
    opened = fields(bo.get(harbour(world, "network_settings")))
    send(world.browser(world.ada), harbour(world, "network_settings"), window_start="02:00")
    page = bo.post(harbour(world, "network_settings"), opened | {"name": "Pier"})
    assert page.status_code == 409
    assert fields(page)["name"] == ["Pier"]
    assert "02:00" in page.content.decode()


def test_progress_follows_and_stops_by_itself(world: World) -> None:
    found = put_on_air(world.harbour)
    bo = world.browser(world.bo)
    change(bo, world, country="BE")
    htmx = {"headers": {"HX-Request": "true"}}
    waiting = bo.get(harbour(world, "progress"), **htmx).content.decode()
    assert "Applied to 0 of 2" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    found[0].apply()
    found[1].leave()
    answer = bo.get(harbour(world, "progress"), **htmx)
    assert "Applied to 1 of 2, 1 offline" in " ".join(answer.content.decode().split())
    assert "hx-trigger" not in answer.content.decode()
    assert answer["HX-Trigger"] == "applied"


def test_a_refusal_is_told_and_leads_to_its_words(world: World) -> None:
    found = put_on_air(world.harbour)
    bo = world.browser(world.bo)
    change(bo, world, country="BE")
    found[0].apply()
    found[1].refuse("radio 5G: channel 144 is not allowed")
    page = bo.get(harbour(world), {"revision": "2"}).content.decode()
    assert "1 rejected it" in page
    assert 'href="?configuration=rejected"' in page


def test_undo_is_one_click_and_a_new_revision(world: World) -> None:
    put_on_air(world.harbour)
    bo = world.browser(world.bo)
    page = bo.get(change(bo, world, country="BE")["Location"])
    answer = bo.post(harbour(world, "undo"), fields(page, harbour(world, "undo")))
    assert answer["Location"] == harbour(world) + "?revision=3"
    assert str(Network.objects.get(pk=world.harbour.pk).country) == "NL"


def test_undo_after_somebody_else_s_change_undoes_nothing(world: World) -> None:
    bo = world.browser(world.bo)
    change(bo, world, name="Pier")
    change(world.browser(world.ada), world, name="Quay")
    answer = bo.post(harbour(world, "undo"), {"base": "2"})
    assert answer["Location"] == harbour(world, "history")
    assert Network.objects.get(pk=world.harbour.pk).name == "Quay"
    assert bo.post(harbour(world, "undo"), {"base": "1"}).status_code == 404


def test_going_back_from_the_history_is_reviewed(world: World) -> None:
    put_on_air(world.harbour)
    bo = world.browser(world.bo)
    change(bo, world, country="BE")
    history = bo.get(harbour(world, "history"))
    restore = harbour(world, "restore", 1)
    review = bo.post(restore, fields(history, restore))
    assert "Review the change" in review.content.decode()
    assert bo.post(harbour(world, "restore", 9), {"base": "2"}).status_code == 404


def test_deleting_a_network_needs_its_name_and_releases_what_hangs_there(world: World) -> None:
    bo = world.browser(world.bo)
    assert send(bo, harbour(world, "remove_network"), typed="Harbor").status_code == 422
    send(bo, harbour(world, "remove_network"), typed="Harbour")
    assert not Network.objects.filter(pk=world.harbour.pk).exists()


def test_a_new_network_leads_to_its_first_steps(world: World) -> None:
    bo = world.browser(world.bo)
    address = reverse("new_network", args=["cafe-lento"])
    answer = send(bo, address, name="Station", country="DE", timezone="Europe/Berlin")
    station = Network.objects.get(name="Station")
    assert answer["Location"] == reverse("setup_access_points", args=["cafe-lento", station.pk])
    assert station.organisation == world.cafe
