"""Alerts in the browser: what is wrong now, what was, and who is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone as clock

from accounts.models import AuditEntry
from devices import alerting
from devices.claiming import claim
from devices.models import AccessPoint, Alert, Link
from devices.models.alert import MAX_ADDRESSES, AlertRule
from tests.console.forms import fields, send
from tests.world import World


def rule(world: World) -> str:
    return reverse("alert_rule", args=["cafe-lento", world.harbour.pk])


def page(world: World, name: str, *rows: Any, **query: Any) -> str:
    address = reverse(name, args=["cafe-lento", *rows])
    return str(world.browser(world.vi).get(address, query).content.decode())


def outage(*of: AccessPoint, minutes: int = 20) -> None:
    """They fall silent, and somebody is told."""
    since = clock.now() - timedelta(minutes=minutes)
    pks = [one.pk for one in of]
    AccessPoint.objects.filter(pk__in=pks).update(link=Link.OFFLINE, offline_since=since)
    alerting.look(clock.now())


def test_minutes_and_addresses_are_kept_and_audited(world: World) -> None:
    addresses = "Desk@lento.example\n\nnight@lento.example, desk@lento.example"
    answer = send(world.browser(world.bo), rule(world), minutes="60", addresses=addresses)
    assert answer.status_code == 302
    kept = AlertRule.of(world.harbour)
    assert (kept.minutes, kept.addresses) == (60, ["desk@lento.example", "night@lento.example"])
    said = "changed the alerts of Harbour: minutes offline 60 (0 is never), addresses 2"
    assert said in page(world, "audit")


def test_the_form_shows_what_holds_and_saying_the_same_again_is_no_news(world: World) -> None:
    bo = world.browser(world.bo)
    assert fields(bo.get(rule(world))) == {"minutes": ["15"], "addresses": [""]}
    for _ in range(2):
        send(bo, rule(world), minutes="5", addresses="desk@lento.example")
    assert fields(bo.get(rule(world))) == {"minutes": ["5"], "addresses": ["desk@lento.example"]}
    assert AuditEntry.objects.filter(verb="network.alerts").count() == 1


def test_the_form_says_that_addresses_replace_owners_and_administrators(world: World) -> None:
    text = world.browser(world.bo).get(rule(world)).content.decode()
    assert "Left empty, all owners and administrators are told" in text
    assert "these are told instead of them" in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("desk@lento.example nonsense", "Not an e-mail address: nonsense"),
        ("a@b.example\r\nBcc:x@evil.example", "Not an e-mail address: bcc:x@evil.example"),
        ("x" * 250 + "@lento.example", "Not an e-mail address"),
        (" ".join(f"n{n}@lento.example" for n in range(MAX_ADDRESSES + 1)), "At most 10 addresses"),
    ],
)
def test_what_is_no_address_is_said_and_nothing_is_kept(world: World, typed: str, words: str) -> None:
    answer = send(world.browser(world.bo), rule(world), addresses=typed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert typed.split()[0] in answer.content.decode()
    assert not AlertRule.objects.exists()


def test_minutes_of_one_s_own_are_refused(world: World) -> None:
    assert send(world.browser(world.bo), rule(world), minutes="7").status_code == 422
    assert not AlertRule.objects.exists()


def test_viewers_may_look_at_alerts_and_not_say_who_is_told(world: World) -> None:
    vi = world.browser(world.vi)
    assert vi.get(rule(world)).status_code == 403
    assert vi.get(reverse("alerts", args=["cafe-lento"])).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_an_open_alert_stands_on_the_dashboard_and_on_its_network_s_page(world: World) -> None:
    outage(world.counter, world.window)
    dashboard, network = page(world, "dashboard"), page(world, "network", world.harbour.pk)
    offline = reverse("network", args=["cafe-lento", world.harbour.pk]) + "?link=offline"
    for text in (dashboard, network):
        assert f'<a href="{offline}">2 access points offline' in text
        assert "20 minutes ago" in text.replace("\xa0", " ")
    assert "notice-alerts" not in page(world, "network", world.market.pk)


@pytest.mark.django_db(transaction=True)
def test_what_nobody_was_told_of_and_what_is_over_is_no_alert(world: World) -> None:
    outage(world.counter, minutes=3)
    assert "notice-alerts" not in page(world, "dashboard")
    outage(world.counter)
    AccessPoint.objects.update(link=Link.ONLINE, offline_since=None)
    assert "notice-alerts" not in page(world, "dashboard")


@pytest.mark.django_db(transaction=True)
def test_nothing_of_other_people_s_shows(world: World) -> None:
    outage(world.lobby)
    assert Alert.objects.exists()
    assert "notice-alerts" not in page(world, "dashboard")
    assert "No alerts" in page(world, "alerts")
    assert "Main house" not in page(world, "alerts", network=world.halde.pk)


@pytest.mark.django_db(transaction=True)
def test_past_alerts_say_how_long_and_whom(world: World) -> None:
    outage(world.counter, world.window)
    Alert.objects.update(open_for=None, closed_at=Alert.objects.get().opened_at + timedelta(hours=2))
    outage(world.terrace)
    text = page(world, "alerts")
    assert text.index("Market Square</strong>") < text.index("Harbour</strong>")
    assert text.index("not over yet") < text.index("2 hours") < text.index("Counter, Window")
    assert "Counter" not in page(world, "alerts", network=world.market.pk)


@pytest.mark.django_db(transaction=True)
def test_a_page_of_alerts_holds_fifty_and_costs_the_same_for_all(world: World) -> None:
    browser = world.browser(world.ada)
    claim(world.ada, world.harbour, "\n".join(f"24f5a2001{n:03x}" for n in range(20)))
    now, serials = clock.now(), [f"24f5a2001{n:03x}" for n in range(20)]
    address = reverse("alerts", args=["cafe-lento"])

    def cost() -> int:
        with CaptureQueriesContext(connection) as told:
            browser.get(address)
        return len(told)

    Alert.objects.create(network=world.harbour, opened_at=now, closed_at=now, serials=serials)
    browser.get(address)
    few = cost()
    rows = [Alert(network=world.harbour, opened_at=now, closed_at=now, serials=serials) for _ in range(60)]
    Alert.objects.bulk_create(rows)
    assert cost() <= few <= 8
    assert len(browser.get(address).context["rows"]) == 50
    assert "and 15 more" in page(world, "alerts", page=2)
