"""Journal entries as CloudWatch Logs takes them: one event each, and which log group it goes to. Pure.

Limits: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MAX_BATCH_BYTES = 1_048_576
MAX_BATCH_EVENTS = 10_000
MAX_SPAN = 24 * 3_600_000 - 1  # milliseconds between the first and the last of a batch
OVERHEAD = 26  # bytes AWS adds to each event
MAX_EVENT_BYTES = 262_144 - OVERHEAD
CUT = " … (cut)"
_ROLE_OF_UNIT = {
    "console": ("console",),
    "scheduler": ("console", "worker"),
    "facts": ("worker",),
    "worker@critical": ("worker",),
    "worker@default": ("worker",),
    "worker@reports": ("utility",),
    "outpost": ("outpost",),
}


@dataclass(frozen=True)
class Event:
    """``at`` in milliseconds since 1970; ``cursor`` is the journal's place just after it."""

    role: str
    at: int
    message: str
    cursor: str

    @property
    def size(self) -> int:
        """As AWS counts."""
        return len(self.message.encode()) + OVERHEAD


@dataclass
class Batch:
    """Events of one log group, in order, never more than one call may hold."""

    events: list[Event] = field(default_factory=list)
    size: int = 0

    def takes(self, event: Event) -> bool:
        """Whether it still fits."""
        if not self.events:
            return True
        span = max(event.at, self.events[-1].at) - self.events[0].at
        fits = self.size + event.size <= MAX_BATCH_BYTES and len(self.events) < MAX_BATCH_EVENTS
        return fits and span <= MAX_SPAN

    def add(self, event: Event) -> None:
        self.events.append(event)
        self.size += event.size

    def wire(self) -> list[dict[str, Any]]:
        """What PutLogEvents takes. A clock that was set back must not bring the order with it."""
        told, latest = [], 0
        for event in self.events:
            latest = max(latest, event.at)
            told.append({"timestamp": latest, "message": event.message})
        return told


def read(entry: dict[str, Any], roles: Iterable[str], instance_id: str) -> Event:
    """The event of one entry of ``journalctl --output=json --all``."""
    unit = _text(entry.get("_SYSTEMD_UNIT") or entry.get("SYSLOG_IDENTIFIER"))
    # systemd's own words on a unit (started, failed, killed by the watchdog) belong to that unit.
    unit = _text(entry.get("UNIT")) or unit
    message = message_of(_text(entry.get("MESSAGE")), unit.removesuffix(".service"), instance_id, entry)
    at = int(entry["__REALTIME_TIMESTAMP"]) // 1000
    return Event(role_of(unit, tuple(roles)), at, message, str(entry["__CURSOR"]))


def role_of(unit: str, roles: tuple[str, ...]) -> str:
    """Whose log group a unit's lines go to; what belongs to no role goes to the instance's first."""
    stem = unit.removesuffix(".service").removesuffix(".socket")
    known = _ROLE_OF_UNIT.get(stem) or _ROLE_OF_UNIT.get(stem.partition("@")[0], ())
    return next((role for role in known if role in roles), roles[0])


def message_of(text: str, unit: str, instance_id: str, entry: dict[str, Any]) -> str:
    """Our lines are JSON objects already and stay what they are; both say unit and instance besides."""
    here = {"unit": unit, "instance": instance_id}
    try:
        line = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        line = None
    if isinstance(line, dict):
        whole = _json(line | {name: value for name, value in here.items() if name not in line})
        if len(whole.encode()) <= MAX_EVENT_BYTES:
            return whole
    about = here | {"priority": _text(entry.get("PRIORITY"))}
    room = MAX_EVENT_BYTES - len(_json(about | {"message": CUT}).encode())
    return _json(about | {"message": _fitting(text, room)})


def _json(line: dict[str, Any]) -> str:
    # A lone half of a surrogate pair is legal in JSON and no text: it stays escaped.
    try:
        return _encodable(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    except UnicodeEncodeError:
        return json.dumps(line, separators=(",", ":"))


def _encodable(text: str) -> str:
    text.encode()
    return text


def _fitting(text: str, room: int) -> str:
    """As much of it as its JSON has room for."""
    if len(_json({"": text}).encode()) <= room:
        return text
    share = text[: room // 6]  # no character takes more than six bytes of JSON, in or outside the basic plane
    return share + CUT


def _text(value: Any) -> str:
    """The journal gives texts, bytes as lists of numbers, and lists of either if a field is there twice."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(one, int) for one in value):
        return bytes(value).decode(errors="replace")
    return " ".join(_text(one) for one in value) if isinstance(value, list) else ""
