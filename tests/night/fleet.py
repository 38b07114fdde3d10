"""``python -m tests.night.fleet``: pretend access points in a process of their own.

Asked on standard input (JSON): the outpost's address, serials with how each upgrade ends, and the file that
every flash is written to as it happens: serial, when the command came, when it was written, firmware.
"""

import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TextIO

import uvloop

from devices.simulation.device import Device, Habits
from devices.simulation.fleet import Fleet
from devices.simulation.hardware import BY_COMPATIBLE
from devices.simulation.options import Options
from tests.images import HARDWARE

#: Quick ones: what takes minutes in reality takes minutes of the compressed clock.
QUICK = Habits(
    apply_seconds=(0.0, 0.1),
    command_seconds=0.0,
    admin_seconds=0.1,
    download_seconds=0.3,
    boot_seconds=0.7,
    clients=0.0,
)
FATES = {
    "fails": replace(QUICK, upgrade_fail_share=1.0),
    "silent": replace(QUICK, upgrade_silent_share=1.0),
    "stale": replace(QUICK, upgrade_stale_share=1.0),
}
#: Devices keep quiet but for what they must say; dial again two seconds after a loss. With the next state
#: an outpost learns that the live store was lost: it must come before a deadline of the compressed clock.
OPTIONS = Options(
    interval=15.0,
    health_interval=600.0,
    events_every=0.0,
    ramp=400.0,
    reconnect=0.2,
    connect_limit=600.0,
    repeat_states=1000,
)
LOOK = 0.1  # seconds between two looks for new flashes


class Flashed(NamedTuple):
    """A line of the log; times in Unix seconds."""

    serial: str
    asked: float
    at: float
    firmware: str


def read(path: Path) -> list[Flashed]:
    """Every whole line of a log."""
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    return [Flashed(*json.loads(line)) for line in whole.splitlines()]


def devices(serials: dict[str, str]) -> list[Device]:
    hardware = BY_COMPATIBLE[HARDWARE]
    return [
        Device(serial, hardware, habits=FATES.get(fate, QUICK), rng=Random(serial))
        for serial, fate in serials.items()
    ]


async def play(asked: dict[str, Any]) -> None:
    fleet = Fleet(asked["url"], devices(asked["serials"]), OPTIONS)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, fleet.end)
    written: dict[str, int] = {}
    with Path(asked["log"]).open("w") as log:
        writing = loop.create_task(_write(fleet, log, written))
        await fleet.run()
        writing.cancel()
        _write_new(fleet, log, written)
    sys.stdout.write(fleet.figures.line() + "\n")


async def _write(fleet: Fleet, log: TextIO, written: dict[str, int]) -> None:
    while True:
        await asyncio.sleep(LOOK)
        _write_new(fleet, log, written)


def _write_new(fleet: Fleet, log: TextIO, written: dict[str, int]) -> None:
    for serial, device in fleet.devices.items():
        for flash in device.flashes[written.get(serial, 0) :]:
            log.write(json.dumps([serial, *flash]) + "\n")
        written[serial] = len(device.flashes)
    log.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play(json.load(sys.stdin)))
