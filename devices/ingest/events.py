"""Which facts make a line in an access point's log, and what the line holds."""

from datetime import UTC, datetime
from typing import Any

from devices.ingest.facts import (
    Applied,
    CommandDone,
    CommandFailed,
    CommandSent,
    Connected,
    Disconnected,
    Happened,
    Health,
    Logged,
    News,
    Refused,
    bounded,
    text,
)
from devices.ingest.merging import is_silence
from devices.models import AccessPoint, Command, Event
from devices.models.command import CommandKind

CHANGED_NUMBER = "uuid changed"  # the outpost's reason for saying "connected" again in the same session
MAX_LINE = 1000


def event_of(access_point: AccessPoint, news: News, command: Command | None = None) -> Event | None:
    """The log's line for this fact, or None when it is of no interest to anybody.

    ``command`` is the one it is about, where it is one of this access point's.
    """
    line = _line(news) if command is None else _about(command, news)
    if line is None:
        return None
    kind, data = line
    return Event(access_point=access_point, fact=news.id, kind=kind, at=_moment(news), data=data)


def _moment(news: News) -> datetime:
    """When it happened: an access point that was cut off tells its events later, with their own time."""
    if isinstance(news.content, Happened) and 0 < news.content.at <= news.at.timestamp():
        return datetime.fromtimestamp(news.content.at, UTC)
    return news.at


def _line(news: News) -> tuple[str, dict[str, Any]] | None:
    content = news.content
    match content:
        case Connected() if content.reason != CHANGED_NUMBER:
            return "connected", _arrival(content) | {"session": news.session}
        case Disconnected():
            return "disconnected", {"code": text(str(content.code), 60), "session": news.session}
        case Happened():
            return text(content.type, 40), {"payload": bounded(content.payload)}
        case Logged():
            return "log", {"text": text(content.text, MAX_LINE), "severity": content.severity}
        case Health():
            return "health", {"sanity": content.sanity, "data": bounded(content.data)}
    return _answer(content)


def _answer(content: object) -> tuple[str, dict[str, Any]] | None:
    """What it made of something we sent; that it was sent is no news to whoever sent it."""
    match content:
        case Applied():
            return "applied", {"uuid": content.uuid, "rejected": _words(content.rejected)}
        case Refused() if not content.stale:
            return "refused", {"uuid": content.uuid, "rejected": _words([content.text, *content.rejected])}
        case CommandDone():
            return "command.done", {"command": content.command}
        case CommandFailed():
            words = {"text": text(content.text, MAX_LINE), "unanswered": content.unanswered}
            return "command.failed", {"command": content.command, **words}
    return None


def _about(command: Command, news: News) -> tuple[str, dict[str, Any]] | None:
    """What became of a command; of one that is never answered, that it was sent is all there is."""
    content = news.content
    if isinstance(content, CommandSent) and command.kind == CommandKind.KICK:
        return "command.done", {"command": command.pk, "kind": command.kind}
    if isinstance(content, CommandFailed) and is_silence(command, content):
        return None
    line = _answer(content)
    return (line[0], {**line[1], "kind": command.kind}) if line else None


def _arrival(told: Connected) -> dict[str, Any]:
    return {"firmware": text(told.firmware, 200), "uuid": told.uuid, "address": text(told.address, 60)}


def _words(told: list[str]) -> list[str]:
    return [text(word, MAX_LINE) for word in told if word][:20]
