"""What an access point makes of a configuration."""

import pytest

from devices.simulation.air import on_air
from devices.simulation.configuration import has_uplink, judge
from devices.simulation.device import FACTORY_CONFIGURATION
from devices.simulation.hardware import BY_COMPATIBLE, CATALOGUE, CHANNELS_5G
from tests.devices.simulation.documents import SERIAL, document, ssid, ucentral

TWO_RADIOS = BY_COMPATIBLE["edgecore_eap101"]
THREE_RADIOS = BY_COMPATIBLE["cig_wf196"]
KEYED = {"proto": "psk2", "key": "eight888"}


def judged(*ssids, hardware=TWO_RADIOS, **more):
    config = document(100, **more)
    config["interfaces"][0]["ssids"] = list(ssids)
    return judge(config, 100, hardware)


def with_interface(**interface):
    config = document(100)
    config["interfaces"].append({"name": "more", **interface})
    return judge(config, 100, TWO_RADIOS)


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        (ssid("x" * 33), "the name has not 1 to 32 bytes"),
        (ssid("é" * 17), "the name has not 1 to 32 bytes"),
        (ssid(""), "the name has not 1 to 32 bytes"),
        (ssid("a", ()), "no wifi-bands"),
        (ssid("a", ("6G",)), "no 6G radio"),
        (ssid("a", encryption={"proto": "psk2", "key": "short"}), "the key has not 8 to 63 bytes"),
        (ssid("a", encryption={"proto": "rot13"}), "encryption 'rot13' is unknown"),
        (ssid("a", encryption={"proto": "wpa2"}), "enterprise encryption without a RADIUS server"),
    ],
)
def test_rejected_ssids(offered, words):
    verdict = judged(offered)
    assert verdict.error == 1
    assert verdict.rejected == (f"interfaces[0].ssids[0]: {words}",)


@pytest.mark.parametrize("offered", [ssid("é" * 16), ssid("a", encryption=KEYED), ssid("a", ("5G-upper",))])
def test_accepted_ssids(offered):
    assert judged(offered).error == 0


@pytest.mark.parametrize(("proto", "error"), [("psk2", 1), ("sae", 0)])
def test_6g_takes_modern_encryption_only(proto, error):
    offered = ssid("a", ("6G",), encryption={"proto": proto, "key": "eight888"})
    assert judged(offered, hardware=THREE_RADIOS).error == error


@pytest.mark.parametrize(
    ("radio", "words"),
    [
        ({"band": "6G"}, "radios[0]: no 6G radio"),
        ({"band": "5G", "channel": 7}, "radios[0]: channel 7 is not one of the 5G radio's"),
    ],
)
def test_rejected_radios(radio, words):
    assert judged(radios=[radio]).rejected == (words,)


@pytest.mark.parametrize(
    ("interface", "words"),
    [
        ({"role": "sideways"}, "role 'sideways' is unknown"),
        ({"role": "upstream"}, "a second upstream interface with VLAN 0"),
        ({"role": "downstream", "vlan": {"id": 20}}, "no upstream interface has VLAN 20"),
    ],
)
def test_rejected_interfaces(interface, words):
    assert with_interface(**interface).rejected == (f"interfaces[1]: {words}",)


def test_strict_turns_rejects_into_refusal():
    verdict = judged(ssid(""), strict=True)
    assert verdict.error == 2
    assert verdict.rejected


@pytest.mark.parametrize("config", [None, [], {"uuid": 100, "radios": {}}, {"uuid": 100, "interfaces": [1]}])
def test_unreadable_ones_are_refused(config):
    assert judge(config, 100, TWO_RADIOS).error == 2


@pytest.mark.parametrize(
    ("interface", "holds"),
    [
        ({"role": "upstream", "ethernet": [{"select-ports": ["WAN*"]}]}, True),
        ({"role": "upstream", "ethernet": [{"select-ports": ["LAN2"]}]}, True),
        ({"role": "upstream", "ethernet": [{"select-ports": ["LAN9"]}]}, False),
        ({"role": "upstream", "ethernet": [{"select-ports": []}]}, False),
        ({"role": "upstream", "ethernet": []}, False),
        ({"role": "upstream"}, False),
        ({"role": "downstream", "ethernet": [{"select-ports": ["WAN*"]}]}, False),
        (
            {"role": "upstream", "ethernet": [{"select-ports": ["WAN*"]}], "ipv4": {"addressing": "none"}},
            False,
        ),
    ],
)
def test_uplink(interface, holds):
    interface = {"ipv4": {"addressing": "dynamic"}, **interface}
    assert has_uplink({"interfaces": [interface]}, TWO_RADIOS) is holds


@pytest.mark.parametrize("hardware", CATALOGUE, ids=lambda one: one.compatible)
def test_the_factory_configuration_has_an_uplink_everywhere(hardware):
    assert has_uplink(FACTORY_CONFIGURATION, hardware)
    assert judge(FACTORY_CONFIGURATION, 1, hardware).error == 0


@pytest.mark.parametrize("hardware", CATALOGUE, ids=lambda one: one.compatible)
def test_the_example_a_real_client_applied_is_applied(hardware):
    config = ucentral("example-config.json")
    assert judge(config, config["uuid"], hardware).error == 0


def test_rejected_parts_stay_off_the_air():
    config = document(100, "good", "x" * 40)
    assert {bss.ssid for bss in on_air(config, TWO_RADIOS, SERIAL).bsses} == {"good"}


def test_an_ssid_is_on_air_once_per_band_with_its_own_bssid():
    config = document(100, "a", "b", bands=("2G", "5G", "5G-upper"))
    bsses = on_air(config, TWO_RADIOS, SERIAL).bsses
    assert sorted((bss.ssid, bss.band) for bss in bsses) == [
        ("a", "2G"),
        ("a", "5G"),
        ("b", "2G"),
        ("b", "5G"),
    ]
    assert len({bss.bssid for bss in bsses}) == 4


def test_neighbouring_serials_share_no_bssid():
    config = document(100, *"abcdefgh")
    serials = [f"{0x02AE51000000 + index:012x}" for index in range(50)]
    found = [bss.bssid for serial in serials for bss in on_air(config, TWO_RADIOS, serial).bsses]
    assert len(set(found)) == len(found)


def test_radios_follow_the_configuration_within_what_the_model_can():
    config = document(100, radios=[{"band": "5G", "channel": 36, "channel-width": 160, "tx-power": 30}])
    (on,) = on_air(config, TWO_RADIOS, SERIAL).radios
    assert (on.channel, on.width, on.tx_power) == (36, 80, 23)


def test_an_automatic_channel_is_one_of_the_valid_ones_and_stays():
    radios = [{"band": "5G", "channel": "auto", "valid-channels": [100, 7]}]
    assert on_air(document(1, radios=radios), TWO_RADIOS, SERIAL).radios[0].channel == 100
    chosen = on_air(document(1), TWO_RADIOS, SERIAL).radios[1].channel
    assert chosen in CHANNELS_5G
    assert on_air(document(2), TWO_RADIOS, SERIAL).radios[1].channel == chosen
