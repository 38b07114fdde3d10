"""One pretend access point: message in, actions out. Pure: time, dice and memory are handed in.

A device says what it wants done (`Say`, `Wait`, `HangUp`, `Configured`, `Upload`, `Fetch`); whoever holds
its socket does it. Two lanes work side by side, as in the real client: configurations, and all other
commands one at a time.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, NamedTuple

from devices.simulation.air import Air, on_air
from devices.simulation.clients import Crowd, Movement
from devices.simulation.configuration import Verdict, has_uplink
from devices.simulation.frames import Message
from devices.simulation.hardware import Hardware, capabilities
from devices.simulation.image import Image
from devices.simulation.memory import FACTORY, Memory
from devices.simulation.states import Look, state

#: Events a device keeps while it is offline; the oldest go first.
LONGEST_BACKLOG = 250
NO_AIR = Air((), ())


@dataclass(frozen=True, slots=True)
class Habits:
    """How a device behaves. Durations in seconds, shares from 0 to 1.

    Of its upgrades so many fail and say so (`fail`), never come back (`silent`), or come back on the
    old firmware as if nothing had been (`stale`).
    """

    apply_seconds: tuple[float, float] = (0.05, 0.8)
    slow_share: float = 0.0
    slow_seconds: float = 30.0
    reject_share: float = 0.0
    refuse_share: float = 0.0
    command_seconds: float = 1.0
    admin_seconds: float = 10.0
    scan_seconds: float = 3.0
    download_seconds: float = 20.0
    boot_seconds: float = 30.0
    upgrade_fail_share: float = 0.0
    upgrade_silent_share: float = 0.0
    upgrade_stale_share: float = 0.0
    upgrade_firmware: str = ""
    clients: float = 4.0
    country: str = "US"


@dataclass(frozen=True, slots=True)
class Say:
    """Send this now; lost when there is no connection."""

    message: Message


@dataclass(frozen=True, slots=True)
class Wait:
    """Call `then` with the time, `seconds` from now, connected or not."""

    seconds: float
    then: Callable[[float], "list[Action]"]


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection; boot and dial again `seconds` from now, never again for None."""

    seconds: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Configured:
    """A push was dealt with: `pushed` is its number, `active` the one in force afterwards, `seconds` the
    time from its receipt to its answer."""

    pushed: int
    active: int
    verdict: Verdict
    seconds: float


@dataclass(frozen=True, slots=True)
class Upload:
    """Send `data` to the address `uri`, under the name `name`, beside everything else."""

    uri: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Fetch:
    """Download an image; call `then` with it, or with None when that failed, and the time."""

    uri: str
    then: Callable[[Image | None, float], "list[Action]"]


class Flash(NamedTuple):
    """One time that firmware was written: when the command came and when it was written, in Unix
    seconds; whether or not it started afterwards."""

    asked: float
    at: float
    firmware: str


Action = Say | Wait | HangUp | Configured | Upload | Fetch
Observer = Callable[["Device", Configured], None]
Job = tuple[float, Callable[[float], list[Action]]]


class Device:
    """A pretend access point; `observers` are called with (device, Configured) after every push."""

    __slots__ = (
        "_air",
        "_crowd",
        "_has_news",
        "_lanes",
        "backlog",
        "booted",
        "boots",
        "flashes",
        "habits",
        "hardware",
        "has_uplink",
        "memory",
        "observers",
        "reason",
        "rng",
        "serial",
        "unreadable",
    )

    def __init__(
        self,
        serial: str,
        hardware: Hardware,
        memory: Memory | None = None,
        habits: Habits | None = None,
        rng: Random | None = None,
    ):
        self.serial = serial
        self.hardware = hardware
        self.memory = memory or Memory()
        self.habits = habits or Habits()
        self.rng = rng or Random()  # noqa: S311 (not for secrets)
        self.memory.firmware = self.memory.firmware or hardware.firmware
        self.observers: tuple[Observer, ...] = ()
        self.backlog: deque[Message] | None = None
        self.boots = 0
        self.booted = 0.0
        self.reason = "coldboot"
        self.flashes: list[Flash] = []
        self._has_news = True
        self.unreadable = 0
        self._air: Air | None = None
        self._crowd: Crowd | None = None
        self._lanes: dict[str, deque[Job]] = {}
        self.has_uplink = not self.memory.packed or has_uplink(self.configuration, hardware)

    def __repr__(self) -> str:
        return f"<Device {self.serial} {self.hardware.compatible} uuid {self.uuid}>"

    @property
    def uuid(self) -> int:
        """The number of the configuration in force: 1 the factory's, 0 recovery."""
        return self.memory.active

    @property
    def configuration(self) -> dict[str, Any]:
        """The document in force; the factory's has an uplink and no SSID."""
        return self.memory.configuration or FACTORY_CONFIGURATION

    @property
    def air(self) -> Air:
        """What is on air."""
        if self._air is None:
            self._air = on_air(self.configuration, self.hardware, self.serial)
        return self._air

    @property
    def ssids(self) -> set[str]:
        """The names on air."""
        return {bss.ssid for bss in self.air.bsses}

    def on_configured(self, observer: Observer) -> None:
        """Calls `observer` after every push, in the thread the fleet runs in."""
        self.observers += (observer,)

    def boot(self, now: float) -> None:
        """Power on: what was waiting to be done is forgotten, counters start at zero."""
        self.boots += 1
        self._has_news = True
        self.booted = now
        self._lanes = {}
        self._crowd = None

    def hello(self, now: float) -> list[Message]:
        """What it says on a new connection: `connect` with the reason of its last boot, right after that
        the outcome of its own start, then what happened while it was offline."""
        said = [self._connect()]
        if self._has_news and self.memory.active > FACTORY:
            said.append(self.result(0, {"error": 0, "text": "Success"}))
        if self._has_news:
            said += [self.event(self.booted, "unit.boot-up", {}), self.log("ucentral client is up")]
        said += self.backlog or ()
        self.backlog, self._has_news = None, False
        return said

    def _connect(self) -> Message:
        params = {
            "serial": self.serial,
            "firmware": self.memory.firmware,
            "uuid": self.uuid,
            "defaults": {"country": self.habits.country},
            "capabilities": capabilities(self.hardware, self.serial),
            "reason": self.reason,
        }
        return {"method": "connect", "params": params}

    def later(self, seconds: float, act: Callable[[float], list[Action]]) -> Wait:
        """Do `act` `seconds` from now, unless the device was rebooted meanwhile and has forgotten."""
        boots = self.boots
        return Wait(seconds, lambda now: act(now) if boots == self.boots else [])

    def fetch(self, uri: str, act: Callable[[Image | None, float], list[Action]]) -> Fetch:
        """Do `act` with the downloaded image, unless the device was rebooted meanwhile."""
        boots = self.boots
        return Fetch(uri, lambda image, now: act(image, now) if boots == self.boots else [])

    def take_turns(self, lane: str, seconds: float, act: Callable[[float], list[Action]]) -> list[Action]:
        """Do `act` `seconds` after its turn in the lane comes."""
        jobs = self._lanes.setdefault(lane, deque())
        jobs.append((seconds, act))
        return [self._next(lane)] if len(jobs) == 1 else []

    def _next(self, lane: str) -> Wait:
        return self.later(self._lanes[lane][0][0], partial(self._finish, lane))

    def _finish(self, lane: str, now: float) -> list[Action]:
        jobs = self._lanes[lane]
        actions = jobs[0][1](now)
        jobs.popleft()
        return [*actions, self._next(lane)] if jobs else actions

    def adopt(self, uuid: int, document: dict[str, Any], air: Air) -> None:
        """`document` is in force and on air."""
        self.memory.adopt(uuid, document)
        self._air = air
        self.has_uplink = has_uplink(document, self.hardware)

    def forget(self) -> None:
        """Factory reset."""
        self.memory.forget()
        self._air, self.has_uplink = None, True

    def pass_time(self, now: float) -> list[Message]:
        """Clients come and go: one event for each."""
        return [self._movement(now, moved) for moved in self.crowd.advance(self.air, now, self.rng)]

    @property
    def crowd(self) -> Crowd:
        """Its clients; nobody right after a boot."""
        if self._crowd is None:
            self._crowd = Crowd(self.serial, self.habits.clients, self.booted)
        return self._crowd

    def _movement(self, now: float, moved: Movement) -> Message:
        return self.event(now, moved.kind, moved.payload())

    def kick(self, mac: str, now: float) -> list[Message]:
        """Disconnects this client: one event, none when it is not here."""
        return [self._movement(now, moved) for moved in self.crowd.kick(mac, self.air)]

    def keep(self, events: list[Message]) -> None:
        """Offline: events wait for the next connection, with the time they happened at."""
        self.backlog = self.backlog or deque(maxlen=LONGEST_BACKLOG)
        self.backlog.extend(events)

    def state(self, now: float, request_uuid: str = "") -> Message:
        """The `state` message of this moment."""
        look = Look(self.serial, self.hardware, self.air, self.crowd, self.booted, now, self.rng)
        params: dict[str, Any] = {"serial": self.serial, "uuid": self.uuid, "state": state(look)}
        if request_uuid:
            params["request_uuid"] = request_uuid
        return {"method": "state", "params": params}

    def healthcheck(self, request_uuid: str = "") -> Message:
        """The `healthcheck` message: one device in fifty feels a little unwell."""
        ill = self.rng.random() < 0.02
        params = {"serial": self.serial, "uuid": self.uuid, "sanity": 90 if ill else 100, "data": {}}
        if ill:
            params["data"] = {"unit": {"memory": self.rng.randint(86, 93)}}
        if request_uuid:
            params["request_uuid"] = request_uuid
        return {"method": "healthcheck", "params": params}

    def log(self, text: str, severity: int = 6) -> Message:
        """A log line; severity as in syslog, 0 worst to 7."""
        return {"method": "log", "params": {"serial": self.serial, "log": text, "severity": severity}}

    def event(self, when: float, kind: str, payload: dict[str, Any]) -> Message:
        happened = [int(when), {"type": kind, "payload": payload}]
        return {"method": "event", "params": {"serial": self.serial, "data": {"event": happened}}}

    def result(self, number: int, status: dict[str, Any], **more: Any) -> Message:
        """The answer to the command with this id."""
        return {"id": number, "result": {"serial": self.serial, "uuid": self.uuid, "status": status, **more}}


FACTORY_CONFIGURATION: dict[str, Any] = {
    "uuid": FACTORY,
    "radios": [{"band": "2G", "channel": "auto"}, {"band": "5G", "channel": "auto"}],
    "interfaces": [
        {
            "name": "WAN",
            "role": "upstream",
            "ethernet": [{"select-ports": ["WAN*"]}],
            "ipv4": {"addressing": "dynamic"},
        }
    ],
    "metrics": {"statistics": {"interval": 60}, "health": {"interval": 60}},
}
