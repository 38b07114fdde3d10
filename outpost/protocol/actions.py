"""What a session wants done: all that the protocol says to the sockets and the store around it."""

from typing import Any

import msgspec

from outpost.protocol.codec import Oddity, Reason
from outpost.store.contract import Connection, FactKind, Seen


class Register(msgspec.Struct, frozen=True):
    """Take the serial over in the live store, then tell ``Session.registered`` the number."""

    connection: Connection


class Report(msgspec.Struct, frozen=True, gc=False):
    """Write a check-in with the next batch."""

    seen: Seen


class Append(msgspec.Struct, frozen=True):
    """Keep a fact. Its id, serial and session number are known to whoever appends it."""

    kind: FactKind
    at: float
    data: dict[str, Any]


class Compare(msgspec.Struct, frozen=True, gc=False):
    """Look up the desired version, then tell ``Session.compared``."""


class Fetch(msgspec.Struct, frozen=True, gc=False):
    """Fetch and open the desired document, then tell ``Session.push``."""


class TakeCommand(msgspec.Struct, frozen=True, gc=False):
    """Take one command, then tell ``Session.run``."""


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send one text frame."""

    frame: bytes


class Close(msgspec.Struct, frozen=True, gc=False):
    """Close the connection. ``code`` is WebSocket's (RFC 6455 section 7.4.1), ``why`` a counter's label."""

    code: int
    why: str


class Count(msgspec.Struct, frozen=True, gc=False):
    """Count a protocol error, or an oddity: nobody is closed for those."""

    reason: Reason | Oddity


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """Count how a configuration or command (``what``) ended, ``seconds`` after it was sent."""

    what: str
    outcome: str
    seconds: float


Action = Register | Report | Append | Compare | Fetch | TakeCommand | Send | Close | Count | Outcome
