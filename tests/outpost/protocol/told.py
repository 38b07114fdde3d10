"""A session in a test: the live store is played by hand, the time is told."""

import json
from typing import Any

from outpost.protocol.actions import Action, Append, Close, Count, Report, Send
from outpost.protocol.session import Session
from outpost.store.contract import DesiredVersion, PendingCommand
from tests.outpost.protocol.frames import SERIAL, connect

NOW = 1_800_000_000.0
DOCUMENT = b'{"unit":{"name":"a"}}'


def new_session(serial: str = SERIAL) -> Session:
    """A connection that proved to be ``serial``, before its connect frame."""
    return Session(
        lambda claimed: claimed == serial, address="192.0.2.7", outpost="o1", now=NOW, first_id=100
    )


def wanted(uuid: int, commands: int = 0) -> DesiredVersion:
    """What the live store says should run."""
    return DesiredVersion(uuid, f"hash{uuid}", "network", commands)


def live(uuid: int = 1, desired: int = 0, **connecting: Any) -> Session:
    """A claimed access point that runs ``uuid``, connected and compared."""
    session = new_session()
    session.receive(connect(uuid, **connecting), NOW)
    session.registered(7)
    session.compared(wanted(desired), NOW)
    return session


def pushed(uuid: int = 50, running: int = 1, **connecting: Any) -> tuple[Session, int]:
    """One that was just sent configuration ``uuid``, and the frame's id."""
    session = live(running, **connecting)
    return session, sent(session.push(uuid, DOCUMENT, NOW))["id"]


def command(id: int = 9, method: str = "reboot", **params: Any) -> PendingCommand:
    """A command that waits in the store."""
    return PendingCommand(SERIAL, id, method, params, expires_at=NOW + 60, timeout=30.0)


def facts(actions: list[Action]) -> list[tuple[str, dict[str, Any]]]:
    """What is to be kept, as (kind, data)."""
    return [(one.kind, one.data) for one in actions if isinstance(one, Append)]


def sent(actions: list[Action]) -> Any:
    """The one frame that is to be sent, decoded; None when there is none."""
    frames = [json.loads(one.frame) for one in actions if isinstance(one, Send)]
    assert len(frames) <= 1
    return frames[0] if frames else None


def closed(actions: list[Action]) -> str | None:
    """Why the connection is to be closed; None when it is not."""
    return next((one.why for one in actions if isinstance(one, Close)), None)


def counted(actions: list[Action]) -> list[str]:
    """The errors and oddities counted."""
    return [one.reason for one in actions if isinstance(one, Count)]


def reports(actions: list[Action]) -> list[Any]:
    """The check-ins to be written."""
    return [one.seen for one in actions if isinstance(one, Report)]
