"""Configurations and devices for these tests, and the uCentral data when it lies beside the project."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from devices.simulation import commands, frames
from devices.simulation.device import Action, Configured, Device, Fetch, Habits, Say, Wait
from devices.simulation.hardware import BY_COMPATIBLE
from devices.simulation.image import Image
from devices.simulation.memory import Memory

SERIAL = "02ae51000001"
NOW = 1_800_000_000.0
AT_ONCE = Habits(
    apply_seconds=(0.0, 0.0),
    command_seconds=0.0,
    admin_seconds=0.0,
    scan_seconds=0.0,
    download_seconds=0.0,
    boot_seconds=0.0,
)


def ucentral(name: str) -> Any:
    """A file of the uCentral data; the test is skipped where it is not."""
    path = Path(__file__).parents[4] / "shared" / "ucentral" / name
    if not path.exists():
        pytest.skip("the uCentral data is not beside the project")
    return json.loads(path.read_text())


def document(uuid: int, *names: str, bands: tuple[str, ...] = ("2G", "5G"), **more: Any) -> dict[str, Any]:
    """A configuration with an uplink and open SSIDs called `names`."""
    wan = {
        "name": "WAN",
        "role": "upstream",
        "ethernet": [{"select-ports": ["WAN*"]}],
        "ipv4": {"addressing": "dynamic"},
        "ssids": [ssid(name, bands) for name in names],
    }
    radios = [{"band": band, "channel": "auto", "country": "DE"} for band in ("2G", "5G")]
    return {"uuid": uuid, "radios": radios, "interfaces": [wan], **more}


def ssid(name: str, bands: tuple[str, ...] = ("2G", "5G"), **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "wifi-bands": list(bands),
        "bss-mode": "ap",
        "encryption": {"proto": "none"},
        **more,
    }


def device(
    memory: Memory | None = None,
    habits: Habits = AT_ONCE,
    model: str = "edgecore_eap101",
    serial: str = SERIAL,
    seed: int = 1,
) -> Device:
    made = Device(serial, BY_COMPATIBLE[model], memory, habits, Random(seed))
    made.boot(NOW)
    return made


def command(method: str, number: int = 7, **params: Any) -> bytes:
    return frames.dump({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def played(one: Device, frame: bytes, now: float = NOW) -> list[Action]:
    """What came of a frame when every wait is over."""
    return over(commands.receive(one, frame, now), now)


def over(actions: list[Action], now: float = NOW) -> list[Action]:
    done: list[Action] = []
    for action in actions:
        match action:
            case Wait(seconds, then):
                done += over(then(now + seconds), now + seconds)
            case Fetch(_, then):
                done += over(then(Image(), now), now)
            case _:
                done.append(action)
    return done


def push(one: Device, config: dict[str, Any], uuid: int | None = None) -> dict[str, Any]:
    """Pushes `config`; the result."""
    number = config.get("uuid") if uuid is None else uuid
    return said(played(one, command("configure", uuid=number, config=config)))[0]["result"]


def said(actions: list[Action]) -> list[dict[str, Any]]:
    return [action.message for action in actions if isinstance(action, Say)]


def configured(actions: list[Action]) -> list[Configured]:
    return [action for action in actions if isinstance(action, Configured)]
