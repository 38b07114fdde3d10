"""Reading what access points say of themselves: all of it optional, none of it trusted."""

import json

from hypothesis import given
from hypothesis import strategies as st

from devices.reported import BSSES, Client, Radio, State, read_state

STATE = {
    "unit": {
        "load": [0.25, 0.2, 0.1],
        "memory": {"total": 1000, "free": 500, "cached": 100, "buffered": 50},
        "uptime": 3600,
    },
    "radios": [
        {
            "band": ["5G"],
            "channel": 36,
            "channel_width": 80,
            "tx_power": 20,
            "chanUtil": 17,
            "temperature": 51,
            "survey": [{"frequency": 5180, "noise": -95}],
        }
    ],
    "interfaces": [
        {
            "clients": [{"mac": "AA:BB:CC:00:00:01", "ipv4_addresses": ["192.0.2.7"]}],
            "ssids": [
                {
                    "ssid": "Café ☕",
                    "band": "5G",
                    "associations": [
                        {
                            "station": "aa:bb:cc:00:00:01",
                            "rssi": -52,
                            "connected": 60,
                            "tx_bytes": 9000,
                            "rx_bytes": 1000,
                            "tx_rate": {"bitrate": 866700},
                            "rx_rate": {"bitrate": 433300},
                        }
                    ],
                }
            ],
        }
    ],
}


def test_radios_are_read_with_their_units() -> None:
    (radio,) = read_state(json.dumps(STATE).encode()).radios
    assert radio == Radio("5G", 36, 80, 20, 17, -95, 51)


def test_what_the_access_point_sends_is_the_clients_download() -> None:
    (client,) = read_state(json.dumps(STATE).encode()).clients
    assert client == Client(
        mac="aa:bb:cc:00:00:01",
        ssid="Café ☕",
        band="5G",
        signal=-52,
        download_rate=866.7,
        upload_rate=433.3,
        downloaded=9000,
        uploaded=1000,
        connected=60,
        address="192.0.2.7",
    )


def test_the_unit_tells_load_memory_and_uptime() -> None:
    state = read_state(json.dumps(STATE).encode())
    assert (state.load, state.memory_used, state.uptime) == (0.25, 35, 3600)
    assert state.ssids == ("Café ☕",)


def test_no_json_is_an_empty_state() -> None:
    assert read_state(b"") == read_state(b"{") == read_state(b"\xff") == read_state(b"[1]") == State()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ssids", "associations", "station", "rssi", "band", "mac", "tx_rate"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(unit=JSON, radios=JSON, interfaces=JSON)
def test_no_shape_is_an_error(unit: object, radios: object, interfaces: object) -> None:
    raw = json.dumps({"unit": unit, "radios": [radios], "interfaces": [interfaces]}).encode()
    assert isinstance(read_state(raw), State)


def test_absurd_depth_is_an_empty_state() -> None:
    assert read_state(b'{"radios":' + b"[" * 100_000) == State()


def test_one_that_makes_up_thousands_of_ssids_is_read_as_far_as_radios_go() -> None:
    """Every SSID is a row in five minutes."""
    made_up = [{"ssid": f"Free {n}", "bssid": str(n), "counters": {"tx_bytes": 1}} for n in range(5000)]
    told = read_state(json.dumps({"interfaces": [{"ssids": made_up}]}).encode())
    assert len(told.ssids) == len(told.meters) == BSSES
