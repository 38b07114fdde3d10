"""What a fact changes in the rows of its access point: plain assignments, no database.

Each column keeps the value of the newest fact about it, newest by session, time or number
and not by arrival: the same facts in any order, once or twice, end in the same rows.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from devices.firmware.hardware import canonical
from devices.ingest.facts import (
    MAX_WORDS,
    Applied,
    CommandDone,
    CommandFailed,
    CommandSent,
    Connected,
    Disconnected,
    News,
    Pushed,
    Refused,
    address,
    text,
)
from devices.models import AccessPoint, Command, Configuration, Link
from devices.models.command import CommandKind, CommandState
from devices.scan import read_scan

WORDS = 500  # characters kept of one sentence of an access point
_NEVER = datetime.min.replace(tzinfo=UTC)
_BEFORE_ANSWER = {CommandState.QUEUED, CommandState.SENT, CommandState.EXPIRED, CommandState.CANCELLED}
MUTED = timedelta(minutes=10)
_LEAVING = {CommandKind.REBOOT, CommandKind.FACTORY}


def merge(access_point: AccessPoint, row: Configuration, news: News) -> None:
    """Take one fact into the access point and its configuration."""
    _seen(access_point, news.at)
    content = news.content
    if isinstance(content, Connected):
        _arrive(access_point, news, content)
        _report(row, content.uuid, news.at)
        _runs(row, content.uuid)
    elif isinstance(content, Disconnected):
        _leave(access_point, news.session, news.at)
    elif isinstance(content, Pushed):
        _sent(row, content.uuid, news.at)
    elif isinstance(content, Applied):
        _applied(row, content, news.at)
    elif isinstance(content, Refused):
        _refused(row, content, news.at)


def _seen(access_point: AccessPoint, at: datetime) -> None:
    access_point.last_seen = max(access_point.last_seen or at, at)
    access_point.first_seen = min(access_point.first_seen or at, at)


def _arrive(access_point: AccessPoint, news: News, told: Connected) -> None:
    """A session no older than the one we know says what it is; only a newer one says that it is here.

    The present one may have ended meanwhile, and its ``connected`` come again or late.
    """
    if news.session < access_point.session:
        return
    if news.session > access_point.session:
        _begin(access_point, news.session, Link.ONLINE, None)
    access_point.connected_at = min(access_point.connected_at or news.at, news.at)
    model = told.capabilities.get("model") or told.capabilities.get("platform")
    access_point.model = text(model, 100) if isinstance(model, str) else ""
    access_point.firmware = text(told.firmware, 200)
    access_point.compatible = canonical(text(told.compatible, 100))
    access_point.boot_reason = text(told.boot, 40)
    access_point.address = address(told.address)
    access_point.capabilities = told.capabilities


def _leave(access_point: AccessPoint, session: int, at: datetime) -> None:
    """Offline, unless a newer session has taken over."""
    if session > access_point.session:
        _begin(access_point, session, Link.OFFLINE, at)
    elif session == access_point.session and access_point.link != Link.DISABLED:
        access_point.link = Link.OFFLINE
        access_point.offline_since = min(access_point.offline_since or at, at)


def _begin(access_point: AccessPoint, session: int, link: Link, offline_since: datetime | None) -> None:
    access_point.session = session
    access_point.connected_at = None
    access_point.offline_since = offline_since
    if access_point.link != Link.DISABLED:
        access_point.link = link


def _report(row: Configuration, uuid: int, at: datetime) -> None:
    """What it says it runs: the last word counts, for the number may fall (factory reset)."""
    if row.reported_at is None or at > row.reported_at:
        row.reported_uuid, row.reported_at = uuid, at
    elif at == row.reported_at:
        row.reported_uuid = max(row.reported_uuid, uuid)


def _sent(row: Configuration, uuid: int, at: datetime) -> None:
    if row.sent_at is None or (uuid, at) > (row.sent_uuid, row.sent_at):
        row.sent_uuid, row.sent_at = uuid, at


def _runs(row: Configuration, uuid: int) -> None:
    """It runs this number, so it applied it, whatever became of its answer."""
    if uuid > row.applied_uuid:
        _answer(row, uuid, None, [])
        row.applied_uuid, row.applied_at = uuid, None


def _applied(row: Configuration, told: Applied, at: datetime) -> None:
    _report(row, told.uuid, at)
    if _key(told.uuid, at) > _key(row.applied_uuid, row.applied_at):
        _answer(row, told.uuid, at, told.rejected)
        row.applied_uuid, row.applied_at = told.uuid, at


def _refused(row: Configuration, told: Refused, at: datetime) -> None:
    if told.stale and told.reported > told.uuid:
        _report(row, told.reported, at)  # not its fault: publishing gives a number it takes
    elif _key(told.uuid, at) > _key(row.refused_uuid, row.refused_at):
        _answer(row, told.uuid, at, [told.text, *told.rejected])
        row.refused_uuid, row.refused_at = told.uuid, at


def _answer(row: Configuration, uuid: int, at: datetime | None, words: Sequence[str]) -> None:
    """The access point's words about the highest number, of those the last ones."""
    known = max(_key(row.applied_uuid, row.applied_at), _key(row.refused_uuid, row.refused_at))
    if _key(uuid, at) > known:
        row.rejected = [text(word, WORDS) for word in words if word][:MAX_WORDS]


def _key(uuid: int, at: datetime | None) -> tuple[int, datetime]:
    """What orders answers: their number, then their time."""
    return uuid, at or _NEVER


def merge_command(command: Command, news: News) -> None:
    """Sent, then one verdict: of two answers the later one (an early "triggered", then a failure)."""
    content = news.content
    if isinstance(content, CommandSent):
        _left(command, news.at)
    elif isinstance(content, CommandDone):
        _verdict(command, CommandState.DONE, news.at, "")
        if command.kind == CommandKind.WIFISCAN:  # an early "triggered" brings nothing, and may come late
            command.result = read_scan(content.result) or command.result or []
    elif isinstance(content, CommandFailed) and not is_silence(command, content):
        words = _("The access point did not answer.") if content.unanswered else content.text
        _verdict(command, CommandState.FAILED, news.at, words)


def is_silence(command: Command, told: CommandFailed) -> bool:
    """No answer to what is never answered: no news."""
    return command.kind == CommandKind.KICK and told.unanswered


def mute(access_point: AccessPoint, command: Command, news: News) -> None:
    """It was told to go away for a moment: no alert for that, for a bounded time."""
    if isinstance(news.content, CommandSent) and command.kind in _LEAVING:
        until = news.at + MUTED
        access_point.muted_until = max(access_point.muted_until or until, until)


def _left(command: Command, at: datetime) -> None:
    """It was sent, whatever we thought of it: given up unfetched, or cancelled in that very moment."""
    unfetched = command.state == CommandState.EXPIRED and command.sent_at is None
    if unfetched or command.state in {CommandState.QUEUED, CommandState.CANCELLED}:
        command.state, command.ended_at, command.text = CommandState.SENT, None, ""
    command.sent_at = min(command.sent_at or at, at)
    if command.kind == CommandKind.KICK:  # never answered
        _verdict(command, CommandState.DONE, at, "")


def _verdict(command: Command, state: CommandState, at: datetime, words: str) -> None:
    """An answer, even a late one, tells more than our own giving up."""
    first = command.state in _BEFORE_ANSWER or command.ended_at is None
    if first or (at, state) > (command.ended_at, command.state):
        command.state, command.ended_at, command.text = state, at, text(words, WORDS)
