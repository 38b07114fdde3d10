"""The access point models a pretend device can be, and the capabilities each announces.

`compatible` strings are those of the OpenWiFi device tree; channels are what the model's radios
offer in Europe and the US together. Radio paths follow OpenWrt's phy naming.
"""

from dataclasses import dataclass
from typing import Any

CHANNELS_2G = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
CHANNELS_5G = (36, 40, 44, 48, 52, 56, 60, 64, 100, 104, 108, 112, 116, 120, 124, 128, 149, 153, 157, 161)
CHANNELS_6G = tuple(range(1, 94, 4))
DFS_CHANNELS = frozenset(range(52, 145, 4))

_MODES = {"HT": ("HT",), "VHT": ("HT", "VHT"), "HE": ("HT", "VHT", "HE"), "EHT": ("HT", "VHT", "HE", "EHT")}
_MODE_WIDTHS = {"HT": 40, "VHT": 160, "HE": 160, "EHT": 320}


@dataclass(frozen=True, slots=True)
class Radio:
    """One radio: its path, band (`2G`, `5G`, `6G`), newest mode and widest channel in MHz."""

    path: str
    band: str
    mode: str
    width: int
    chains: int = 2
    max_power: int = 23

    @property
    def channels(self) -> tuple[int, ...]:
        return {"2G": CHANNELS_2G, "5G": CHANNELS_5G, "6G": CHANNELS_6G}[self.band]


@dataclass(frozen=True, slots=True)
class Hardware:
    """A model: `compatible` is the key of firmware images, `compress_cmd` whether it unpacks commands."""

    compatible: str
    model: str
    radios: tuple[Radio, ...]
    wan: tuple[str, ...] = ("eth0",)
    lan: tuple[str, ...] = ("eth1",)
    firmware: str = "OpenWrt 23.05 / TIP-v4.1.0"
    compress_cmd: bool = True

    @property
    def bands(self) -> tuple[str, ...]:
        return tuple(radio.band for radio in self.radios)


CATALOGUE = (
    Hardware(
        "edgecore_eap101",
        "EdgeCore EAP101",
        (
            Radio("platform/soc/c000000.wifi:2G", "2G", "HE", 40),
            Radio("platform/soc/c000000.wifi:5G", "5G", "HE", 80),
        ),
        lan=("eth1", "eth2"),
    ),
    Hardware(
        "cig_wf196",
        "CIG WF196",
        (
            Radio("platform/soc/c000000.wifi:5G", "5G", "HE", 80, chains=4),
            Radio("platform/soc/c000000.wifi:2G", "2G", "HE", 40),
            Radio("soc/20000000.pci/pci0000:00/0000:01:00.0:6G", "6G", "HE", 160, chains=4),
        ),
    ),
    Hardware(
        "edgecore_eap104",
        "EdgeCore EAP104",
        (
            Radio("platform/soc/c000000.wifi:2G", "2G", "HE", 40),
            Radio("platform/soc/c000000.wifi+1:5G", "5G", "HE", 80),
        ),
        lan=("eth1", "eth2", "eth3", "eth4"),
    ),
    Hardware(
        "cig_wf189",
        "CIG WF189",
        (
            Radio("platform/soc/c000000.wifi:2G", "2G", "EHT", 40),
            Radio("soc/10000000.pci/pci0000:00/0000:01:00.0:5G", "5G", "EHT", 160, chains=4),
            Radio("soc/20000000.pci/pci0001:00/0001:01:00.0:6G", "6G", "EHT", 320, chains=4),
        ),
        firmware="OpenWrt 24.10 / TIP-v4.2.0",
    ),
    Hardware(
        "hfcl_ion4xe",
        "HFCL ION4Xe",
        (
            Radio("platform/soc/c000000.wifi:5G", "5G", "HE", 80, chains=4),
            Radio("platform/soc/c000000.wifi+1:2G", "2G", "HE", 40),
        ),
        firmware="OpenWrt 21.02 / TIP-v2.11.0",
        compress_cmd=False,
    ),
    Hardware(
        "edgecore_eap102",
        "EdgeCore EAP102",
        (
            Radio("platform/soc/c000000.wifi:5G", "5G", "HE", 160, chains=4),
            Radio("platform/soc/c000000.wifi+1:2G", "2G", "HE", 40, chains=4),
        ),
    ),
)

BY_COMPATIBLE = {hardware.compatible: hardware for hardware in CATALOGUE}


def hardware_of(serial: str, among: tuple[Hardware, ...] = CATALOGUE) -> Hardware:
    """The model a serial always gets: neighbouring serials differ, restarts do not change it."""
    return among[int(serial, 16) % len(among)]


def mac_address(serial: str, offset: int = 0) -> str:
    """The MAC address `offset` places above the label's, `aa:bb:cc:dd:ee:ff`."""
    number = (int(serial, 16) + offset) & 0xFFFFFFFFFFFF
    return ":".join(f"{byte:02x}" for byte in number.to_bytes(6, "big"))


def capabilities(hardware: Hardware, serial: str) -> dict[str, Any]:
    """The `capabilities` object of a `connect`, in the shape of the recorded frames."""
    announced: dict[str, Any] = {
        "compatible": hardware.compatible,
        "model": hardware.model,
        "platform": "ap",
        "version": {
            "ap": {"major": 4, "minor": 1, "patch": 0},
            "schema": {"major": 5, "minor": 1, "patch": 0},
        },
        "network": {"lan": list(hardware.lan), "wan": list(hardware.wan)},
        "macaddr": {"wan": mac_address(serial), "lan": mac_address(serial, 1)},
        "label_macaddr": mac_address(serial),
        "wifi": {radio.path: _wifi(index, radio) for index, radio in enumerate(hardware.radios)},
    }
    if hardware.compress_cmd:
        announced["compress_cmd"] = True
    return announced


def _wifi(index: int, radio: Radio) -> dict[str, Any]:
    told: dict[str, Any] = {
        "band": [radio.band],
        "radio_index": index,
        "channels": list(radio.channels),
        "frequencies": [frequency(radio.band, channel) for channel in radio.channels],
        "htmode": _htmodes(radio),
        "tx_ant": (1 << radio.chains) - 1,
        "rx_ant": (1 << radio.chains) - 1,
    }
    if radio.band == "5G":
        told["dfs_channels"] = [channel for channel in radio.channels if channel in DFS_CHANNELS]
    return told


def _htmodes(radio: Radio) -> list[str]:
    return [
        f"{mode}{width}"
        for mode in _MODES[radio.mode]
        for width in (20, 40, 80, 160, 320)
        if width <= min(radio.width, _MODE_WIDTHS[mode])
    ]


def frequency(band: str, channel: int) -> int:
    """The centre of a 20 MHz channel in MHz (IEEE 802.11: 2407, 5000 or 5950 plus five per channel)."""
    return {"2G": 2407, "5G": 5000, "6G": 5950}[band] + 5 * channel
