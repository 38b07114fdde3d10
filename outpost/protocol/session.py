"""One access point's connection, from its ``connect`` frame to its end: messages in, actions out.

Plain values; the time is handed in. Phases: *waiting* for the connect frame, *registering* with the
live store, then *parked* (claimed by nobody: nothing is pushed, nothing of it is kept) or *live*.
"""

import zlib
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from outpost.protocol.actions import Action, Append, Close, Compare, Count, Register, Report
from outpost.protocol.allowance import Allowance
from outpost.protocol.codec import ProtocolError, Reason, decode
from outpost.protocol.messages import (
    Connect,
    Event,
    HealthCheck,
    Log,
    Message,
    Result,
    State,
    Unknown,
    label,
    normalise_serial,
)
from outpost.protocol.orders import Orders
from outpost.store.contract import Connection, DesiredVersion, FactKind, PendingCommand, Seen

Phase = Literal["waiting", "registering", "parked", "live", "over"]

CONNECT_SECONDS: Final = 60.0  # a connection that does not say who it is, is closed
IDLE_SECONDS: Final = 600.0  # a real one pings after 60 s of silence
MOST_ERRORS: Final = 10
SIGN_SECONDS: Final = 5.0  # bare signs of life are written no oftener
MOST_HELD: Final = 300  # facts held until the store has answered: 250 buffered events and some more
MOST_HELD_BYTES: Final = 128 * 1024  # of them as JSON: while the store is away strangers are held as well
EARLIEST_CLOCK: Final = 1_500_000_000.0  # an event dated before 2017 comes from a clock never set
CLOCK_AHEAD: Final = 300.0  # seconds a clock may be ahead

POLICY: Final = 1008  # close codes: RFC 6455, section 7.4.1
UNFORGIVEN: Final[dict[Reason, int]] = {
    "binary": 1003,
    "too_large": 1009,
    "wrong_serial": POLICY,
    "bad_fragments": 1002,
    "bad_frame": 1002,
}


class Session:
    """The state of one connection. Methods return what is to be done, in order."""

    __slots__ = (
        "_allowance",
        "_boot",
        "_capabilities",
        "_held",
        "_held_bytes",
        "_held_seen",
        "_reported_at",
        "_said",
        "_sanity",
        "_spelling",
        "address",
        "admits",
        "due",
        "errors",
        "first_id",
        "heard",
        "heard_at",
        "number",
        "orders",
        "outpost",
        "phase",
        "serial",
    )

    def __init__(
        self, admits: Callable[[str], bool], *, address: str, outpost: str, now: float, first_id: int = 1
    ) -> None:
        """``admits`` says whether the connection proved to be the access point of this serial.

        ``first_id`` of our frames is random: a late answer to another connection's frame matches none.
        """
        self.admits = admits
        self.address = address
        self.outpost = outpost
        self.first_id = first_id
        self.phase: Phase = "waiting"
        self.serial = ""
        self.number = 0  # the live store's session number; 0 while not registered
        self.errors = 0
        self.heard = ""  # the last message's method, a counter's label
        self.heard_at = now
        self.due = now + CONNECT_SECONDS  # ``tick`` has nothing to do before
        self.orders = Orders("", reported=0, compress=False, first_id=first_id)
        self._said: Connection | None = None
        self._boot = ""  # why it started, in its own word
        self._capabilities = b""
        self._spelling = ""
        self._held: list[Append] = []
        self._held_bytes = 0
        self._held_seen: Seen | None = None
        self._reported_at = 0.0
        self._sanity = 100
        self._allowance = Allowance(now)

    # What comes in.

    def receive(self, data: bytes, now: float) -> list[Action]:
        """A text frame, continuation frames joined."""
        if self.phase == "over":
            return []
        try:
            message = decode(data)
            self.heard = label(message)
            return self._connect(message, now) if self.phase == "waiting" else self._hear(message, now)
        except ProtocolError as error:
            return self.broken(error.reason)

    def broken(self, reason: Reason) -> list[Action]:
        """Something broke the protocol. The tenth time, or once for what is never an accident, we close."""
        if self.phase == "over":
            return []
        self.errors += 1
        if code := UNFORGIVEN.get(reason):
            return [Count(reason), *self.close(code, reason)]
        if self.errors >= MOST_ERRORS:
            return [Count(reason), *self.close(POLICY, "protocol_errors")]
        return [Count(reason)]

    def pinged(self, now: float) -> list[Action]:
        """A WebSocket ping or pong: a sign of life."""
        self.heard_at = now
        return self._sign_of_life(now)

    def tick(self, now: float) -> list[Action]:
        """Time passed: what waited too long is given up. Worth calling once ``due`` is reached."""
        if self.phase == "over" or now < self.due:
            return []
        if self.phase == "waiting":
            return self.close(POLICY, "no_connect")
        if now >= self.heard_at + IDLE_SECONDS:
            return self.close(POLICY, "idle")
        return self._settled(self.orders.overdue(now))

    def close(self, code: int, why: str) -> list[Action]:
        """End it from our side; nothing said afterwards counts."""
        return [] if self.phase == "over" else [*self.ended(why), Close(code, why)]

    def ended(self, why: str) -> list[Action]:
        """The connection is gone, whoever ended it."""
        known = self.phase == "live" or (self.phase == "registering" and self._held)
        self.phase = "over"
        return [*self._held, Append("disconnected", self.heard_at, {"code": why})] if known else []

    # What the live store answers.

    def registered(self, number: int) -> list[Action]:
        """The store knows us by this session number: from now on check-ins can be written."""
        if self.phase == "over":
            return []
        self.number = number
        held, self._held_seen = self._held_seen, None
        seen = [Report(msgspec.structs.replace(held, session=number))] if held else []
        return [*seen, Compare()]

    def register_again(self) -> list[Action]:
        """The store was lost and knows nothing of us: tell it, and what it may not have passed on."""
        if self.phase not in ("parked", "live") or self._said is None:
            return []
        self.phase, self.number = "registering", 0
        self.orders.pause()
        capabilities = zlib.decompress(self._capabilities)
        uuid = self.orders.versions.reported
        return [Register(msgspec.structs.replace(self._said, uuid=uuid, capabilities=capabilities))]

    def compared(self, version: DesiredVersion | None, now: float) -> list[Action]:
        """What should run there; None when nobody claims it."""
        if self.phase == "over" or not self.number:
            return []
        if version is None:
            return self._park()
        arrival = self._go_live(now) if self.phase != "live" else []
        return [*arrival, *self._settled(self.orders.consider(version))]

    def push(self, uuid: int, document: bytes, now: float) -> list[Action]:
        """The desired document in clear: JSON without uuid."""
        return self._settled(self.orders.push(uuid, document, now)) if self.phase == "live" else []

    def unsendable(self, uuid: int, why: str, now: float) -> list[Action]:
        """The desired document cannot be used, ``why`` in words."""
        return [self.orders.unsendable(uuid, why, now)] if self.phase == "live" else []

    def run(self, commands: list[PendingCommand], now: float) -> list[Action]:
        """What ``TakeCommand`` took; empty when there was nothing, or the store did not answer."""
        return self._settled(self.orders.run(commands, now)) if self._is_known else []

    # Becoming live, or parked.

    def _connect(self, message: Message, now: float) -> list[Action]:
        if not isinstance(message, Connect):
            raise ProtocolError("before_connect")
        serial = _normalised(message.serial)
        if not self.admits(serial):
            raise ProtocolError("wrong_serial")
        self.serial, self._spelling, self.admits = serial, message.serial, serial.__eq__
        self.phase, self.heard_at = "registering", now
        self.orders = Orders(serial, reported=message.uuid, compress=message.compress, first_id=self.first_id)
        said = self._introduction(message, now)
        self._capabilities = zlib.compress(said.capabilities, 1)  # 1.5 KB to 0.4 KB, kept while connected
        self._said = msgspec.structs.replace(said, capabilities=b"")
        self._boot = message.reason
        self._plan()
        return [Register(said)]

    def _introduction(self, message: Connect, now: float) -> Connection:
        return Connection(
            serial=self.serial,
            outpost=self.outpost,
            uuid=message.uuid,
            firmware=message.firmware,
            compatible=message.compatible,
            compress=message.compress,
            address=self.address,
            at=now,
            capabilities=msgspec.json.encode(message.capabilities),
        )

    def _park(self) -> list[Action]:
        """Nothing of it is kept, nor may a next owner learn what was pushed to it."""
        self.phase, self._held, self._held_bytes = "parked", [], 0
        self.orders.forget()
        return []

    def _go_live(self, now: float) -> list[Action]:
        """Claimed: what it said on connecting is worth keeping, and what it said since."""
        self.phase, held, self._held, self._held_bytes = "live", self._held, [], 0
        last = self.orders.last_answer
        again = [last] if last and last not in held else []
        return [self._arrival("connect", now), *again, *held]

    def _arrival(self, reason: str, now: float) -> Append:
        data: dict[str, Any] = {
            "uuid": self.orders.versions.reported,
            "firmware": self._said.firmware if self._said else "",
            "compatible": self._said.compatible if self._said else "",
            "capabilities": msgspec.json.decode(zlib.decompress(self._capabilities)),
            "reason": reason,
            "boot": self._boot,
            "address": self.address,
        }
        return Append("connected", now, data)

    # Messages after the connect frame.

    def _hear(self, message: Message, now: float) -> list[Action]:
        if isinstance(message, Connect):
            raise ProtocolError("second_connect")
        if message.serial and message.serial != self._spelling:
            self._check_serial(message.serial)
        self.heard_at = now
        if isinstance(message, State):
            state = message.state if self.phase != "parked" else None
            return [*self._report(now, message.uuid, state), *self._told(message.uuid, now)]
        if isinstance(message, Result):
            return self._answered(message, now)
        return [*self._sign_of_life(now), *self._note(message, now)]

    def _check_serial(self, spelling: str) -> None:
        if _normalised(spelling) != self.serial:
            raise ProtocolError("wrong_serial")
        self._spelling = spelling  # some clients write it in two ways: the last one is compared first

    def _told(self, uuid: int, now: float) -> list[Action]:
        """It says what it runs. Only news matters, and not while it is applying ours."""
        versions, before = self.orders.versions, self.orders.versions.reported
        if self.orders.exchanges.configuration or not versions.tell(uuid) or self.phase != "live":
            return []
        if not self._allowance.spend(now):
            versions.reported = before  # so it is news again when it is next said
            return [Count("flood")]
        return [self._arrival("uuid changed", now), Compare()]

    def _answered(self, message: Result, now: float) -> list[Action]:
        life = self._sign_of_life(now)
        if not self._is_known:
            return life
        if message.id == 0:
            return [*life, *self._reapplied(message, now)]
        before = self.orders.versions.reported
        actions = self._settled(self.orders.answered(message, now))
        if self.orders.versions.reported != before:
            life = self._report(now, self.orders.versions.reported, None)
        return [*life, *actions]

    def _reapplied(self, message: Result, now: float) -> list[Action]:
        if self.orders.exchanges.configuration or message.uuid is None:
            return []
        told = self._told(message.uuid, now)
        trouble = self.orders.reapplied(message.uuid, message, now)
        if trouble and not self._allowance.spend(now):
            return [*told, Count("flood")]
        return [*told, *self._settled(trouble)]

    def _note(self, message: Message, now: float) -> list[Action]:
        if isinstance(message, Event):
            event = {"type": message.type, "payload": message.payload, "at": _believed(message.at, now)}
            return self._keep("event", now, event)
        if isinstance(message, Log):
            return self._keep("log", now, {"text": message.text, "severity": message.severity})
        if isinstance(message, HealthCheck):
            return [*self._told(message.uuid, now), *self._health(message, now)]
        return [Count("unknown_method")] if isinstance(message, Unknown) else []

    def _health(self, message: HealthCheck, now: float) -> list[Action]:
        """Kept when it changed: unchanged health is not worth a row a minute from each of a fleet."""
        if message.sanity == self._sanity:
            return []
        self._sanity = message.sanity
        return self._keep("health", now, {"sanity": message.sanity, "data": message.data})

    def _keep(self, kind: FactKind, now: float, data: dict[str, Any]) -> list[Action]:
        """A fact, held while it is not known whether anybody claims the access point."""
        if not self._allowance.spend(now):
            return [Count("flood")]
        return self._settled([Append(kind, now, data)])

    def _settled(self, actions: list[Action]) -> list[Action]:
        """The actions, except for facts: held while registering, dropped when nobody claims it."""
        self._plan()
        if self.phase == "live":
            return actions
        if self.phase == "registering":
            for fact in actions:
                if isinstance(fact, Append):
                    self._hold(fact)
        return [one for one in actions if not isinstance(one, Append)]

    def _hold(self, fact: Append) -> None:
        size = len(msgspec.json.encode(fact.data))
        if len(self._held) < MOST_HELD and self._held_bytes + size <= MOST_HELD_BYTES:
            self._held.append(fact)
            self._held_bytes += size

    @property
    def _is_known(self) -> bool:
        return self.phase in ("registering", "live")

    # Check-ins and time.

    def _sign_of_life(self, now: float) -> list[Action]:
        if self.phase in ("waiting", "over") or now < self._reported_at + SIGN_SECONDS:
            return []
        return self._report(now, None, None)

    def _report(self, now: float, uuid: int | None, state: bytes | None) -> list[Action]:
        """A check-in; while not registered the last one with a state is held."""
        self._reported_at = now
        seen = Seen(self.serial, self.number, now, uuid, state)
        if self.number:
            return [Report(seen)]
        if state is not None or self._held_seen is None:
            self._held_seen = seen
        return []

    def _plan(self) -> None:
        self.due = min(self.heard_at + IDLE_SECONDS, self.orders.exchanges.next_deadline())


def _normalised(serial: str) -> str:
    try:
        return normalise_serial(serial)
    except ValueError:
        raise ProtocolError("bad_serial") from None


def _believed(at: float, now: float) -> float:
    """An event's own time, however old; ours when its clock was never set or runs ahead."""
    return at if EARLIEST_CLOCK <= at <= now + CLOCK_AHEAD else now
