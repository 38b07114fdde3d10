"""What the live store looks like in Redis: key names, bounds and the form of values.

Described for operators in docs/live-store.md; the scripts under lua/ are the other half.
Needs Redis 6.2 or Valkey, not in cluster mode: a script touches the keys of many serials.
States and capabilities are stored raw: zlib at level 1 would cost 55-70 us each, fifty times
what a check-in costs, to save two thirds of 2 KB.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import msgspec

from outpost.store.contract import Connection, Desired, DesiredVersion, Fact, PendingCommand, Reported

DEFAULT_PREFIX = "aerie:"
PARKED_SECONDS = 86_400  # an unclaimed access point that is not heard of is forgotten after a day
FACTS_KEPT = 1_000_000  # about 300 MB; the backlog jobs may fall behind by
FACT_GROUP = "ingest"
FACT_IDLE_SECONDS = 10  # unacknowledged for so long: its consumer is dead, another gets it
SEEN_CHUNK = 1_000  # check-ins per script run: 4-13 us of the server each
READ_CHUNK = 500  # serials per script run: other clients wait for less than about 2 ms
WRITE_CHUNK = 200  # documents and commands per script run


@dataclass(frozen=True)
class Script:
    """A Lua script, run by its digest and sent in full only where the server does not know it."""

    name: str

    @cached_property
    def text(self) -> str:
        """The source."""
        return (Path(__file__).parent / "lua" / f"{self.name}.lua").read_text()

    @cached_property
    def digest(self) -> str:
        """What EVALSHA wants."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


CONNECTED = Script("connected")
SEEN = Script("seen")
DISCONNECTED = Script("disconnected")
DESIRED = Script("desired")
DESIRED_VERSIONS = Script("desired_versions")
APPEND_FACTS = Script("append_facts")
TAKE_COMMANDS = Script("take_commands")
PUT_DESIRED = Script("put_desired")
REMOVE_DESIRED = Script("remove_desired")
PUT_COMMANDS = Script("put_commands")
DROP_COMMANDS = Script("drop_commands")
NUDGE = Script("nudge")
REPORTED = Script("reported")


class _Info(msgspec.Struct, array_like=True):
    """What changes only when an access point connects, as one small hash field."""

    firmware: str
    compatible: str
    compress: bool
    address: str


_write = msgspec.msgpack.Encoder()
_read_info = msgspec.msgpack.Decoder(_Info)
_read_fact = msgspec.json.Decoder(Fact)
_read_command = msgspec.json.Decoder(PendingCommand)


def channel(prefix: str, outpost: str) -> str:
    """The pub/sub channel of one outpost's nudges."""
    return f"{prefix}n:{outpost}"


def presence_key(prefix: str) -> str:
    """Sorted set: claimed serial by last sign of life."""
    return f"{prefix}p"


def facts_key(prefix: str) -> str:
    """The stream of facts."""
    return f"{prefix}f"


def rebuilt_key(prefix: str) -> str:
    """The server's run id when its desired configurations were last rebuilt from MySQL."""
    return f"{prefix}g"


def connection_arguments(one: Connection) -> tuple[Any, ...]:
    """Six arguments of connected.lua."""
    info = _write.encode(_Info(one.firmware, one.compatible, one.compress, one.address))
    return one.serial, one.outpost, one.at, one.uuid, info, one.capabilities


def desired_arguments(one: Desired) -> tuple[Any, ...]:
    """Five arguments of put_desired.lua."""
    return one.serial, one.uuid, one.hash, one.document, one.network


def command_arguments(one: PendingCommand) -> tuple[Any, ...]:
    """Four arguments of put_commands.lua."""
    return one.serial, one.id, one.expires_at, msgspec.json.encode(one)


def command_from(raw: bytes) -> PendingCommand:
    """A command as ``command_arguments`` wrote it."""
    return _read_command.decode(raw)


def fact_argument(one: Fact) -> bytes:
    """A fact as JSON, without the receipt it may have been read with."""
    return msgspec.json.encode(msgspec.structs.replace(one, receipt="") if one.receipt else one)


def fact_from(entry: bytes, raw: bytes) -> Fact:
    """A fact of the stream, its entry id as receipt. Raises ``msgspec.MsgspecError``."""
    return msgspec.structs.replace(_read_fact.decode(raw), receipt=entry.decode())


def desired_from(serial: str, row: Sequence[Any]) -> Desired | None:
    """One row of desired.lua."""
    if row[0] is None:
        return None
    uuid, digest, network, document = row
    return Desired(serial, int(uuid), digest.decode(), document, network.decode())


def version_from(row: Sequence[Any] | None) -> DesiredVersion | None:
    """One row of desired_versions.lua."""
    if row is None:
        return None
    uuid, digest, network, commands = row
    return DesiredVersion(int(uuid), digest.decode(), network.decode(), commands)


def reported_from(serial: str, row: Sequence[Any]) -> Reported:
    """One row of reported.lua, with or without its last three columns."""
    if row[0] is None:
        return Reported(serial)
    session, outpost, connected, connected_at, last_seen, uuid, info = row[:7]
    capabilities, state, state_at = row[7:] or (None, None, None)
    told = _read_info.decode(info)
    return Reported(
        serial,
        session=int(session),
        outpost=outpost.decode(),
        connected=connected == b"1",
        connected_at=float(connected_at),
        last_seen=float(last_seen),
        uuid=int(uuid),
        firmware=told.firmware,
        compatible=told.compatible,
        compress=told.compress,
        address=told.address,
        capabilities=cast(bytes, capabilities or b""),
        state=cast(bytes, state or b""),
        state_at=float(state_at or 0),
    )
