"""Differences: all of them, labelled, and never a secret."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from devices.rendering.diff import Change, changes
from devices.rendering.intent import NetworkIntent, Radius, Security, SsidIntent
from tests.devices.rendering.wishes import CAFE, GUEST, HOTEL, STAFF, passphrases, wishes

ENTERPRISE = replace(STAFF, security=Security.WPA3_ENTERPRISE, radius=Radius("192.0.2.1", "a-long-secret"))
slowly = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def between(old: SsidIntent, new: SsidIntent) -> list[Change]:
    return changes(replace(CAFE, ssids=(old,)), replace(CAFE, ssids=(new,)))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "Bar"}, ("SSID", "Café Müller", "Bar", True)),
        ({"security": Security.WPA3}, ("Security", "WPA2 + WPA3", "WPA3", True)),
        ({"passphrase": "another one"}, ("Passphrase", "changed", "changed", True)),
        ({"bands": ("5G",)}, ("Bands", "2.4 GHz, 5 GHz", "5 GHz", True)),
        ({"vlan": 20}, ("VLAN", "untagged", "20", True)),
        ({"enabled": False}, ("On air", "on", "off", True)),
        ({"guest": True}, ("Guest network", "off", "on", True)),
        ({"captive": True}, ("Click-through page", "off", "on", True)),
        ({"hidden": True}, ("Hidden", "off", "on", False)),
        ({"isolate": True}, ("Clients isolated from each other", "off", "on", False)),
        ({"download_mbps": 10}, ("Download limit", "no limit", "10 Mbit/s", False)),
        ({"upload_mbps": 5}, ("Upload limit", "no limit", "5 Mbit/s", False)),
    ],
)
def test_each_field_of_an_ssid(change, expected):
    [found] = between(STAFF, replace(STAFF, **change))
    assert (found.label, found.old, found.new, found.disruptive) == expected
    assert found.path == ("ssids", "1", next(iter(change)))


def test_each_field_of_a_radius_server():
    found = between(ENTERPRISE, replace(ENTERPRISE, radius=Radius("192.0.2.2", "another-secret", 1645, 1646)))
    assert [(change.path[-1], change.old, change.new) for change in found] == [
        ("radius_host", "192.0.2.1", "192.0.2.2"),
        ("radius_port", "1812", "1645"),
        ("radius_accounting_port", "none", "1646"),
        ("radius_secret", "changed", "changed"),
    ]


@pytest.mark.parametrize(
    ("change", "disruptive"),
    [
        ({"name": "Bar"}, False),
        ({"country": "AT"}, True),
        ({"timezone": "Europe/Vienna"}, False),
        ({"window_start": "02:00"}, False),
        ({"window_end": "06:00"}, False),
    ],
)
def test_each_field_of_the_place(change, disruptive):
    [found] = changes(CAFE, replace(CAFE, **change))
    assert (found.path, found.new, found.disruptive) == (tuple(change), *change.values(), disruptive)


def test_an_ssid_that_comes_or_goes():
    bare = replace(CAFE, ssids=(STAFF,))
    [added] = changes(bare, CAFE)
    [removed] = changes(CAFE, bare)
    assert (added.label, added.new) == ("SSID added", "Café Müller Gäste ☕, open, 2.4 GHz, 5 GHz")
    assert (removed.label, removed.old, removed.new) == ("SSID removed", added.new, None)


def test_the_first_revision_is_all_new_and_disturbs_nobody():
    found = changes(None, CAFE)
    assert [change.path for change in found][-2:] == [("ssids", "1"), ("ssids", "2")]
    assert not any(change.old or change.disruptive for change in found)


def test_what_is_off_air_disturbs_nobody():
    off = replace(STAFF, enabled=False)
    assert [change.disruptive for change in between(off, replace(off, name="Bar", passphrase="another"))] == [
        False
    ] * 2
    assert not between(GUEST, replace(GUEST, passphrase="left over"))[0].disruptive


def test_another_order_is_a_change():
    [found] = changes(CAFE, replace(CAFE, ssids=(GUEST, STAFF)))
    assert (found.path, found.old) == (("ssids",), "Café Müller, Café Müller Gäste ☕")


@slowly
@given(wishes(), wishes())
def test_nothing_changed_exactly_when_nothing_differs(old, new):
    assert changes(old, old) == []
    assert bool(changes(old, new)) == (old != new)


@slowly
@given(wishes())
def test_differences_survive_being_stored(intent):
    found = changes(HOTEL, intent)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), list[Change]) == found


def with_secrets(intent: NetworkIntent, secret: str) -> NetworkIntent:
    radius = Radius("192.0.2.1", secret)
    ssids = (replace(ssid, passphrase=secret, radius=radius) for ssid in intent.ssids)
    return replace(intent, ssids=tuple(ssids))


@slowly
@given(wishes(), wishes(), st.lists(passphrases, min_size=4, max_size=4, unique=True))
def test_the_difference_does_not_depend_on_what_the_secrets_are(old, new, secrets):
    """Neither their letters nor their length: any other two secrets would give the same difference."""
    one, two, three, four = secrets
    first = changes(with_secrets(old, one), with_secrets(new, two))
    assert first == changes(with_secrets(old, three), with_secrets(new, four))
