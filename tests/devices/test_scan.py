"""What a scan's answer becomes, whatever an access point, or a neighbour, puts into it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.scan import MOST, Neighbour, crowded, free, neighbours, read_scan

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "bssid": st.just("00:1a:2b:00:00:01") | anything,
        "ssid": anything,
        "channel": anything,
        "frequency": anything,
        "signal": anything,
    },
)


def heard(number: int, **more: Any) -> dict[str, Any]:
    told = {"ssid": "Bakery", "channel": 6, "frequency": 2437, "signal": -60}
    return told | {"bssid": f"00:1A:2B:00:{number // 256:02x}:{number % 256:02x}"} | more


def test_strongest_first_and_each_once() -> None:
    scan = [heard(1, signal=-80), heard(2, signal=-50), heard(1, signal=-40.4), heard(3, signal=-50)]
    kept = neighbours(read_scan({"error": 0, "scan": scan}))
    assert [(one.bssid[-1], one.signal) for one in kept] == [("1", -40), ("2", -50), ("3", -50)]


def test_bands_follow_from_the_frequency() -> None:
    scan = [heard(1), heard(2, frequency=5180), heard(3, frequency=6115), heard(4, frequency=58_320)]
    assert {one.bssid[-1]: one.band for one in neighbours(read_scan({"scan": scan}))} == {
        "1": "2G", "2": "5G", "3": "6G", "4": "",
    }  # fmt: skip


def test_no_more_than_fits_a_page_is_kept() -> None:
    kept = read_scan({"scan": [heard(number, signal=-number % 100 - 100) for number in range(2000)]})
    assert len(kept) == MOST


def test_a_hidden_network_has_no_name() -> None:
    (one,) = neighbours(read_scan({"scan": [heard(1, ssid="\0\0\0\0")]}))
    assert one.ssid == ""


@given(anything | st.fixed_dictionaries({"scan": anything | st.lists(entries)}))
def test_anything_can_be_read(status: Any) -> None:
    kept = read_scan(status)
    assert len(neighbours(kept)) == len(kept)
    assert all("\0" not in one["ssid"] and len(one["ssid"]) <= 64 for one in kept)


@pytest.mark.parametrize("kept", [None, 7, [{}], [{"ssid": 1}]])
def test_what_was_not_kept_by_us_is_nothing(kept: Any) -> None:
    assert neighbours(kept) == []


def on(band: str, *channels: int) -> list[Neighbour]:
    return [Neighbour("x", str(n), channel, band, -60) for n, channel in enumerate(channels)]


def test_crowded_channels_are_those_several_share() -> None:
    found = on("2G", 1, 1, 1, 6, 6) + on("5G", 36, 36, 36, 36)
    assert crowded(found) == [("5G", 36, 4), ("2G", 1, 3)]


def test_the_freest_of_the_channels_that_do_not_overlap() -> None:
    assert free(on("2G", 1, 1, 6, 8)) == [11]
    assert free(on("5G", 36)) == []
