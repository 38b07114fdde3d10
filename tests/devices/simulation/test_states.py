"""What an access point says of itself."""

import json

import jsonschema
import pytest

from devices.simulation.air import RadioOnAir
from devices.simulation.hardware import CATALOGUE, Radio, capabilities, frequency
from devices.simulation.states import channel_block, rate
from tests.devices.simulation.documents import NOW, device, document, push, ssid, ucentral


def settled(*names, model="edgecore_eap101", seed=1):
    """A device whose SSIDs have been on air for ten minutes."""
    one = device(model=model, seed=seed)
    push(one, document(100, *names))
    one.pass_time(NOW + 300)
    one.pass_time(NOW + 600)
    return one


def associations(state):
    return [
        station
        for interface in state["interfaces"]
        for bss in interface["ssids"]
        for station in bss["associations"]
    ]


def told(one, now=NOW + 600):
    return one.state(now)["params"]["state"]


@pytest.mark.parametrize("hardware", CATALOGUE, ids=lambda one: one.compatible)
def test_states_follow_the_schema(hardware):
    schema = ucentral("ucentral.state.pretty.json")
    one = device(model=hardware.compatible)
    push(one, ucentral("example-config.json"))
    one.pass_time(NOW + 900)
    state = told(one, NOW + 900)
    jsonschema.validate(state, schema)
    assert associations(state)


def test_states_have_only_keys_the_schema_knows():
    schema = ucentral("ucentral.state.pretty.json")
    unknown = set(unknown_keys(told(settled("a", "b")), schema, schema))
    # Real access points write the reference to the radio as "$ref", the schema calls it "ref".
    assert unknown == {"$ref"}


def unknown_keys(value, schema, root):
    """Keys of `value` that `schema` does not name, at any depth."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if isinstance(value, list):
        for item in value:
            yield from unknown_keys(item, schema.get("items", {}), root)
    known = schema.get("properties") or schema.get("items", {}).get("properties", {})
    for key, inner in value.items() if isinstance(value, dict) and known else ():
        if key not in known and not schema.get("patternProperties"):
            yield key
        yield from unknown_keys(inner, known.get(key, {}), root)


def test_an_idle_state_is_small_and_a_busy_one_a_few_kib():
    idle = len(json.dumps(told(device()), separators=(",", ":")))
    busy = [len(json.dumps(told(settled("a", "b", seed=seed)), separators=(",", ":"))) for seed in range(20)]
    assert 600 <= idle <= 2000
    assert 2000 <= max(busy) <= 6144
    assert min(busy) >= 600


def test_the_applied_configuration_is_on_air():
    one = settled("Lobby", "Staff")
    bsses = told(one)["interfaces"][0]["ssids"]
    assert {(bss["ssid"], bss["band"]) for bss in bsses} == {
        (name, band) for name in ("Lobby", "Staff") for band in ("2G", "5G")
    }
    assert {bss["bssid"] for bss in bsses} == {bss.bssid for bss in one.air.bsses}


def test_counters_only_grow():
    one = settled("a")
    earlier = told(one)["interfaces"][0]["counters"]
    for minute in range(11, 60):
        one.pass_time(NOW + 60 * minute)
        later = told(one, NOW + 60 * minute)["interfaces"][0]["counters"]
        assert all(later[name] >= earlier[name] for name in earlier)
        earlier = later


def test_associated_clients_move_bytes_and_have_an_address_and_a_name():
    one = settled("a")
    state = told(one)
    stations = associations(state)
    assert sum(station["rx_bytes"] for station in stations) > 0
    assert all(-85 < station["rssi"] < -30 for station in stations)
    interface = state["interfaces"][0]
    leases = {lease["mac"]: lease for lease in interface["ipv4"]["leases"]}
    assert {station["station"] for station in stations} == set(leases)
    assert all(lease["hostname"] and lease["address"].startswith("10.") for lease in leases.values())


def test_guests_get_addresses_of_their_own_network():
    one = device()
    config = document(100)
    guest = {
        "name": "Guest",
        "role": "downstream",
        "ipv4": {"addressing": "static", "subnet": "192.168.77.1/24"},
    }
    config["interfaces"].append({**guest, "ssids": [ssid("Guest")]})
    push(one, config)
    one.pass_time(NOW + 600)
    leases = told(one)["interfaces"][1]["ipv4"]["leases"]
    assert leases
    assert all(lease["address"].startswith("192.168.77.") for lease in leases)


def movements(one, kind):
    found = []
    for minute in range(11, 200):
        messages = one.pass_time(NOW + 60 * minute)
        found += [message["params"]["data"]["event"] for message in messages]
    return [event for event in found if event[1]["type"] == kind]


def test_clients_come_and_go_with_events():
    joins = movements(settled("a"), "client.join")
    assert joins
    assert {"client", "ssid", "bssid", "channel", "band"} <= set(joins[0][1]["payload"])
    assert movements(settled("a"), "client.leave")


def test_whoever_joined_is_in_the_next_state_and_whoever_left_is_not():
    one = settled("a")
    present = {station["station"] for station in associations(told(one))}
    for minute in range(11, 60):
        for message in one.pass_time(NOW + 60 * minute):
            event = message["params"]["data"]["event"][1]
            (present.add if event["type"] == "client.join" else present.discard)(event["payload"]["client"])
        assert {station["station"] for station in associations(told(one, NOW + 60 * minute))} == present


def test_clients_leave_an_ssid_that_went_off_the_air():
    one = settled("old")
    assert associations(told(one))
    push(one, document(101, "new"))
    left = [message["params"]["data"]["event"][1] for message in one.pass_time(NOW + 601)]
    assert {event["payload"]["ssid"] for event in left if event["type"] == "client.leave"} == {"old"}
    assert all(client.bss.ssid == "new" for client in one.crowd.clients)


def test_after_a_boot_uptime_and_counters_start_again():
    one = settled("a")
    assert told(one)["unit"]["uptime"] == 600
    one.boot(NOW + 1000)
    state = told(one, NOW + 1005)
    assert state["unit"]["uptime"] == 5
    assert all(station["rx_bytes"] == 0 for station in associations(state))


@pytest.mark.parametrize(
    ("band", "channel", "width", "block"),
    [
        ("2G", 6, 20, [6]),
        ("2G", 11, 40, [11, 7]),
        ("5G", 40, 80, [36, 40, 44, 48]),
        ("5G", 153, 40, [149, 153]),
        ("5G", 100, 160, [100, 104, 108, 112, 116, 120, 124, 128]),
        ("6G", 37, 80, [33, 37, 41, 45]),
    ],
)
def test_channel_blocks(band, channel, width, block):
    assert channel_block(RadioOnAir(0, Radio("", band, "HE", width), channel, width, 20)) == block


@pytest.mark.parametrize(("band", "channel", "mhz"), [("2G", 1, 2412), ("5G", 36, 5180), ("6G", 1, 5955)])
def test_frequencies(band, channel, mhz):
    assert frequency(band, channel) == mhz


def test_rates_follow_signal_width_and_streams():
    assert rate(-40, 80, 2)["bitrate"] == pytest.approx(1_201_000, rel=0.001)
    assert rate(-82, 20, 1)["mcs"] == 0
    assert rate(-60, 80, 2)["bitrate"] < rate(-50, 80, 2)["bitrate"]


@pytest.mark.parametrize("name", ["ap-connect.json", "sim-connect.json"])
def test_capabilities_have_the_shape_of_recorded_ones(name):
    recorded = ucentral(f"samples/{name}")["params"]["capabilities"]
    ours = capabilities(CATALOGUE[0], "02ae51000001")
    assert {"compatible", "model", "platform", "wifi", "network", "macaddr"} <= set(ours) & set(recorded)
    theirs = next(iter(recorded["wifi"].values()))
    assert {"band", "channels", "frequencies", "htmode"} <= set(theirs) & set(
        next(iter(ours["wifi"].values()))
    )
