"""Every rule refuses what breaks it, at the field that breaks it, in words; and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from devices.rendering.intent import BANDS, NetworkIntent, Radius, Security, SsidIntent
from devices.rendering.validation import problems
from tests.devices.rendering.wishes import CAFE, GUEST, HOTEL, STAFF

ENTERPRISE = replace(STAFF, security=Security.WPA2_ENTERPRISE, radius=Radius("192.0.2.1", "a-long-secret"))


def network(*ssids: SsidIntent) -> NetworkIntent:
    return replace(CAFE, ssids=ssids)


def fields(*ssids: SsidIntent) -> list[str]:
    return [problem.where[-1] for problem in problems(network(*ssids))]


@pytest.mark.parametrize("intent", [CAFE, HOTEL, network(ENTERPRISE), network()])
def test_what_people_want_is_accepted(intent):
    assert problems(intent) == []


@pytest.mark.parametrize("name", ["x" * 32, "é" * 16, "😀" * 8, "'\"\\;$`#<&", "日本", "👨‍👩‍👧"])
def test_names_of_up_to_32_bytes_of_any_script_are_accepted(name):
    assert fields(replace(STAFF, name=name)) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Give the SSID a name."),
        ("x" * 33, "This name takes 33 bytes and an SSID has 32"),
        ("é" * 17, "This name takes 34 bytes"),
        ("a\nb", "Line breaks"),
        ("a\0b", "control characters"),
        ("a\u2028b", "Line breaks"),
        ("a\u202eb", "invisible characters"),
        ("a\ud800b", "control characters"),
        (" a", "Remove the space at the start"),
        ("a\u00a0", "or the end"),
    ],
)
def test_a_bad_name_is_refused_in_words(name, words):
    assert words in str(problems(network(replace(STAFF, name=name)))[0])
    assert fields(replace(STAFF, name=name)) == ["name"]


@pytest.mark.parametrize(
    "passphrase", ["", "7 chars", "x" * 64, "pässword", "tab\tinside", "line\nbreak", "password\n"]
)
def test_a_bad_passphrase_is_refused(passphrase):
    assert fields(replace(STAFF, passphrase=passphrase)) == ["passphrase"]


def test_a_passphrase_nobody_uses_may_be_anything():
    assert fields(replace(GUEST, passphrase="short")) == []


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "radius", "RADIUS-1.example.org"])
def test_hosts_accepted(host):
    assert fields(replace(ENTERPRISE, radius=Radius(host, "a-long-secret"))) == []


@pytest.mark.parametrize(
    "host",
    ["", "a b", "x\ny", "-a.example", "a..b", "300.1.1.1", "fe80::1%eth0", "http://a", "a" * 64, "ü.example"],
)
def test_hosts_refused(host):
    assert fields(replace(ENTERPRISE, radius=Radius(host, "a-long-secret"))) == ["radius_host"]


@pytest.mark.parametrize(
    "secret", ["", "short", "x" * 129, "a long secret", "semi;colon", "quote'd-it", "h#ash-tag"]
)
def test_radius_secrets_an_access_point_would_cut_are_refused(secret):
    assert fields(replace(ENTERPRISE, radius=Radius("192.0.2.1", secret))) == ["radius_secret"]


@pytest.mark.parametrize("port", [0, 1023, 65536])
def test_radius_ports(port):
    radius = Radius("192.0.2.1", "a-long-secret", port, port)
    assert fields(replace(ENTERPRISE, radius=radius)) == ["radius_port", "radius_accounting_port"]


def test_enterprise_needs_a_radius_server():
    assert fields(replace(ENTERPRISE, radius=None)) == ["radius_host"]


@pytest.mark.parametrize("vlan", [0, -1, 4051, 4095])
def test_vlans_refused_with_what_1_means(vlan):
    found = problems(network(replace(STAFF, vlan=vlan)))
    assert [problem.where for problem in found] == [("ssids", "1", "vlan")]
    assert "1 is the untagged network of most switches" in str(found[0])


@pytest.mark.parametrize("vlan", [None, 1, 4050])
def test_vlans_accepted(vlan):
    assert fields(replace(STAFF, vlan=vlan)) == []


@pytest.mark.parametrize("security", [Security.OPEN, Security.WPA2, Security.WPA2_ENTERPRISE])
def test_6_ghz_refuses_old_security(security):
    assert fields(replace(ENTERPRISE, security=security, bands=BANDS)) == ["bands"]


@pytest.mark.parametrize(
    "security", [Security.OWE, Security.WPA3, Security.WPA2_WPA3, Security.WPA3_ENTERPRISE]
)
def test_6_ghz_accepts_new_security(security):
    assert fields(replace(ENTERPRISE, security=security, bands=BANDS)) == []


@pytest.mark.parametrize("bands", [(), ("60G",)])
def test_bands_we_do_not_know_or_none_at_all(bands):
    assert fields(replace(STAFF, bands=bands)) == ["bands"]


@pytest.mark.parametrize("rate", [0, -1, 10_001])
def test_rates(rate):
    assert fields(replace(STAFF, download_mbps=rate, upload_mbps=rate)) == ["download_mbps", "upload_mbps"]


def test_click_through_is_for_guests_who_do_not_sign_in_already():
    assert fields(replace(GUEST, guest=False)) == ["captive"]
    assert fields(replace(ENTERPRISE, guest=True, captive=True)) == ["captive"]


def test_one_click_through_network_per_access_point():
    other = replace(GUEST, key="9", name="Other", vlan=9)
    assert fields(GUEST, other) == ["captive"]
    assert fields(GUEST, replace(other, vlan=None)) == []
    assert fields(GUEST, replace(other, enabled=False)) == []


def test_two_ssids_of_one_name_on_one_band():
    twin = replace(STAFF, key="9")
    assert fields(replace(STAFF, bands=("2G",)), replace(twin, bands=("5G",))) == []
    assert fields(STAFF, replace(twin, bands=("5G",))) == ["name"]
    assert fields(STAFF, replace(twin, enabled=False)) == []


def test_more_than_eight_ssids_on_a_band_are_refused_with_the_reason():
    nine = [replace(STAFF, key=str(n), name=f"Nr {n}", bands=("2G",)) for n in range(9)]
    found = problems(network(*nine))
    assert [problem.where for problem in found] == [("ssids", "8", "bands")]
    assert "takes airtime" in str(found[0])
    assert fields(*nine[:8], replace(nine[8], bands=("5G",))) == []


def test_a_key_names_one_ssid():
    assert fields(STAFF, replace(STAFF, name="Other")) == ["key"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"country": "XX"}, "country"),
        ({"country": "de"}, "country"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"window_start": "24:00"}, "window_start"),
        ({"window_start": "3:00"}, "window_start"),
        ({"window_end": "٠٣:٠٠"}, "window_end"),
        ({"window_end": "03:00"}, "window_end"),
    ],
)
def test_the_place(change, field):
    assert [problem.where for problem in problems(replace(CAFE, **change))] == [(field,)]


@given(st.text())
def test_no_refusal_repeats_a_passphrase_or_secret(secret):
    marked = f"µ{secret}µ"
    radius = Radius("no host!", marked, 1)
    wrong = network(replace(STAFF, passphrase=marked), replace(ENTERPRISE, key="9", radius=radius))
    assert "µ" not in "".join(map(repr, problems(wrong)))
