"""Capabilities as access points, simulators and vendors of all kinds send them."""

import json

import pytest
from hypothesis import given

from devices.rendering.hardware import hardware_of
from devices.rendering.intent import BANDS, Hardware
from devices.rendering.radios import best_mode
from tests.devices.rendering.schema import PATH
from tests.devices.rendering.wishes import capabilities

FIVE = {"band": ["5G"], "htmode": ["HT20", "VHT80", "HE80"], "dfs_channels": [52]}


def wifi(*phys: object) -> dict:
    return {"wifi": {f"phy{n}": phy for n, phy in enumerate(phys)}}


@given(capabilities)
def test_nothing_an_access_point_says_is_an_error(told):
    found = hardware_of(told)
    assert found.bands <= set(BANDS)
    assert found.wan_ports
    assert all(band in found.bands for band, _, _ in found.modes)


def test_an_access_point():
    found = hardware_of(wifi(FIVE) | {"network": {"wan": ["eth0"], "lan": ["eth1"]}, "compress_cmd": True})
    assert (found.wan_ports, found.lan_ports, found.compress) == (("WAN*",), ("LAN*",), True)
    assert (found.bands, found.dfs) == (frozenset({"5G"}), True)
    assert ("5G", "HE", 80) in found.modes


@pytest.mark.parametrize(
    "told", [None, {}, [], "?", {"wifi": None}, {"wifi": {"a": 1}}, {"platform": "switch"}]
)
def test_one_that_says_nothing_has_no_radio_but_an_uplink(told):
    assert hardware_of(told) == Hardware(frozenset(), lan_ports=())


@pytest.mark.parametrize(
    ("network", "uplink"),
    [
        ({"lan": ["eth0"], "wan": []}, ("LAN*",)),
        ({"wan": ["eth0"]}, ("WAN*",)),
        ({"wan": 5}, ("WAN*",)),
        ({"*\n": ["eth0"]}, ("WAN*",)),
    ],
)
def test_the_uplink_is_never_empty(network, uplink):
    assert hardware_of({"network": network}).wan_ports == uplink


def test_two_radios_of_a_band_are_asked_for_what_both_can_do():
    older = {"band": "5G-upper", "htmode": ["HT20", "VHT40", "VHT80"]}
    assert best_mode("5G", hardware_of(wifi(FIVE, older))) == ("VHT", 80)


@pytest.mark.parametrize(
    ("htmode", "band", "best"),
    [
        (["HE20", "HE40", "EHT40"], "2G", ("HE", 20)),
        (["HE80", "EHT80", "EHT160"], "5G", ("EHT", 80)),
        (["HT40", "VHT40"], "5G", ("VHT", 40)),
        (["HE160", "HE80+80"], "6G", ("HE", 20)),
        ([], "5G", ("HT", 20)),
    ],
)
def test_the_mode_asked_for_is_one_it_lists_or_a_safe_one(htmode, band, best):
    assert best_mode(band, hardware_of(wifi({"band": [band], "htmode": htmode}))) == best


def test_a_maker_s_lock_on_countries_and_radar_channels():
    locks = {"restrictions": {"country": ["US"], "dfs": True}}
    assert hardware_of(wifi(FIVE) | locks).countries == {"US"}
    assert not hardware_of(wifi(FIVE) | locks).dfs
    assert hardware_of(wifi(FIVE) | locks | {"developer": True}).dfs


@pytest.mark.skipif(not PATH.exists(), reason="the recorded frames are not beside this repository")
@pytest.mark.parametrize(
    ("frame", "bands", "compress"),
    [
        ("ap-connect", {"2G", "5G"}, True),
        ("sim-connect", {"2G", "5G"}, False),
        ("switch-connect", set(), False),
    ],
)
def test_recorded_frames(frame, bands, compress):
    told = json.loads((PATH.parent / "samples" / f"{frame}.json").read_bytes())["params"]["capabilities"]
    found = hardware_of(told)
    assert (found.bands, found.compress) == (bands, compress)
