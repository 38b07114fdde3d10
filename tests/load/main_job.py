"""The main job: a customer saves, and the last access point of the network has it. All real processes."""

import time
import zlib
from collections.abc import Sequence
from itertools import count
from random import Random

import msgspec

from devices.simulation.device import Configured, Device, Habits
from devices.simulation.fleet import Fleet
from devices.simulation.hardware import CATALOGUE
from devices.simulation.options import Options
from devices.simulation.thread import FleetThread
from outpost.store.contract import Desired
from outpost.store.opening import open_live_store
from outpost.store.sealing import Seal, parse_keys
from tests.faults.conftest import Scene
from tests.load.findings import Findings, Goal, Spread, Table
from tests.stack import FIRST_SERIAL, Browser, Stack, running_stack

ACCESS_POINTS = 25  # of the network that is saved; two more networks have as many
SAVES = 10
QUICK = (0.01, 0.05)  # seconds to apply: what is measured is Aerie, not an access point's patience
LIMIT = 120.0
FLOOR = "floor: from writing to the live store to the last acknowledgement"
SIDES = ("critical", "default", "facts", "scheduler")  # nothing reacts to what the floor writes


def measure(scale: float = 1.0) -> Findings:
    size = max(1, int(ACCESS_POINTS * scale))
    rounds = max(2, int(SAVES * min(1.0, scale)))
    with running_stack(3 * size) as stack, FleetThread(_fleet(stack, 3 * size)) as running:
        running.wait_until(_is_configured, LIMIT)
        race = Race(Scene(stack, Browser(stack.url), running))
        saves = [race.save() for _ in range(rounds + 1)][1:]
        for name in SIDES:
            stack.kill(name)
        floor = Spread(tuple(race.write() for _ in range(rounds)))
        race.close()
    return _findings(size, [Spread(tuple(one)) for one in zip(*saves, strict=True)], floor)


def _findings(size: int, saves: Sequence[Spread], floor: Spread) -> Findings:
    answered, clicked, responded = saves
    rows = [
        ("the answer to the save, with the page it leads to", answered, answered.times(floor)),
        ("from the click to the last acknowledgement", clicked, clicked.times(floor)),
        ("from the answer to the last acknowledgement", responded, responded.times(floor)),
        (FLOOR, floor, "1×"),
    ]
    sample = (
        f"{size} connected access points in the network, {2 * size} in others; each takes {QUICK[0] * 1e3:g}–"
        f"{QUICK[1] * 1e3:g} ms to apply. {len(floor.rounds)} saves: median (least–most). "
        "A time below zero: they all had it before the browser had its answer."
    )
    words = f"from the answer to a save to the last of {size}, the slowest save"
    goals = [Goal(words, 1, max(responded.rounds) / 1e3, "s")]
    return Findings(sample, [Table(("", "ms", "÷ floor"), rows)], goals)


def _fleet(stack: Stack, size: int) -> Fleet:
    first, habits = int(FIRST_SERIAL, 16), Habits(apply_seconds=QUICK, command_seconds=0.01)
    devices = [
        Device(f"{first + n:012x}", CATALOGUE[n % len(CATALOGUE)], habits=habits, rng=Random(n))
        for n in range(size)
    ]
    return Fleet(stack.outpost_url, devices, Options(reconnect=0.05, interval=2, connect_limit=600))


def _is_configured(fleet: Fleet) -> bool:
    return all("Lento Staff" in device.ssids for device in fleet.devices.values())


class Race:
    """Between a save and its last acknowledgement, in ms."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._devices = scene.network(scene.fleet.fleet)
        self._last = 0.0
        self._seal = Seal(parse_keys(scene.stack.environment["OUTPOST_STORE_KEYS"]))
        self._store = open_live_store(scene.stack.environment["LIVE_STORE_URL"])
        (held,) = self._store.desired_versions([self._devices[0].serial])
        assert held
        self._network = held.network
        self._numbers = count(max(device.uuid for device in self._devices) + 100_000)
        for device in self._devices:
            device.on_configured(self._note)

    def close(self) -> None:
        self._store.close()

    def _note(self, device: Device, outcome: Configured) -> None:
        assert outcome.verdict.is_applied, outcome.verdict
        self._last = time.monotonic()

    def save(self) -> tuple[float, float, float]:
        """Until the answer, from the click to the last, from the answer to the last."""
        passphrase = self._scene.propose()
        clicked = time.monotonic()
        self._scene.browser.fill()
        answered = time.monotonic()
        self._scene.wait_until_on_air(passphrase, LIMIT)
        return (answered - clicked) * 1e3, (self._last - clicked) * 1e3, (self._last - answered) * 1e3

    def write(self) -> float:
        """What they run, under the next number, as publishing writes it."""
        number = next(self._numbers)
        wanted = [self._desired(device, number) for device in self._devices]
        began = time.monotonic()
        self._store.put_desired(wanted)
        self._store.nudge([one.serial for one in wanted])
        self._scene.fleet.wait_until(lambda _: all(one.uuid == number for one in self._devices), LIMIT)
        return (self._last - began) * 1e3

    def _desired(self, device: Device, number: int) -> Desired:
        document = {name: part for name, part in device.configuration.items() if name != "uuid"}
        sealed = self._seal.seal(device.serial, zlib.compress(msgspec.json.encode(document)))
        return Desired(device.serial, number, f"hash {number}", sealed, self._network)
