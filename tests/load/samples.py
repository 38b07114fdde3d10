"""The states and documents that are measured, as simulated access points and the rendering make them."""

from random import Random
from typing import Any

import msgspec

from devices.rendering.document import render
from devices.rendering.hardware import hardware_of
from devices.rendering.intent import Unit
from devices.simulation import frames
from devices.simulation.air import on_air
from devices.simulation.device import Device, Habits
from devices.simulation.hardware import CATALOGUE, Hardware, Radio, capabilities
from tests.devices.rendering.wishes import HOTEL

SERIAL = "02ae51000001"
NOW = 1_800_000_000.0
DUAL_RADIO, TRI_RADIO = CATALOGUE[0], CATALOGUE[1]
_ONE_RADIO = Hardware("one-radio", "One radio", (Radio("phy0", "2G", "HE", 20),), lan=())


def configuration(hardware: Hardware, serial: str = SERIAL) -> bytes:
    """Five SSIDs of a hotel for this hardware, about 3 KB for two radios and 3.7 KB for three."""
    return render(HOTEL, Unit(serial, "Lobby"), hardware_of(capabilities(hardware, serial))).document


def small_state() -> dict[str, Any]:
    """The params of a state of one radio without SSIDs, 0.6 KB: as short as they come."""
    params = _told(Device(SERIAL, _ONE_RADIO, habits=Habits(clients=0), rng=Random(1)))
    return params | {"state": {name: part for name, part in params["state"].items() if name != "interfaces"}}


def large_state() -> dict[str, Any]:
    """The params of a state of two radios, five SSIDs and three clients, 6 KB."""
    device = Device(SERIAL, DUAL_RADIO, habits=Habits(clients=3), rng=Random(1))
    document = msgspec.json.decode(configuration(DUAL_RADIO)) | {"uuid": 2}
    device.adopt(2, document, on_air(document, DUAL_RADIO, SERIAL))
    return _told(device)


def connect() -> bytes:
    """The first frame of the access point whose states these are."""
    (said, *_) = Device(SERIAL, DUAL_RADIO, rng=Random(1)).hello(NOW)
    return frames.encode(said)


def plain(params: dict[str, Any]) -> bytes:
    """The frame with readable params."""
    return frames.dump({"jsonrpc": "2.0", "method": "state", "params": params})


def compress_64(params: dict[str, Any]) -> bytes:
    """The frame with packed params."""
    return plain(frames.pack(frames.dump(params)))


def _told(device: Device) -> dict[str, Any]:
    """Its state after two hours."""
    device.boot(NOW)
    for minute in range(120):
        device.pass_time(NOW + 60 * minute)
    return dict(device.state(NOW + 7200)["params"])
