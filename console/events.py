"""An access point's log in sentences. Its own words are quoted, never trusted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _later

from console.verdicts import commands_of
from devices.models import Command, Event
from devices.models.command import CommandKind

_ANSWERS = {"command.done", "command.failed"}
# An answer says that it heard and will: what it promised shows in the lines that follow.
DONE: dict[CommandKind, Promise] = {
    CommandKind.REBOOT: _later("Restarts at %(who)s's request"),
    CommandKind.BLINK: _later("Blinked at %(who)s's request"),
    CommandKind.FACTORY: _later("Goes back to factory settings at %(who)s's request"),
    CommandKind.WIFISCAN: _later("Looked for other Wi-Fi at %(who)s's request"),
    CommandKind.TRACE: _later("Recorded traffic at %(who)s's request"),
    CommandKind.KICK: _later("Disconnected %(mac)s at %(who)s's request"),
    CommandKind.UPGRADE: _later("Took new firmware at %(who)s's request"),
}


@dataclass(frozen=True)
class Line:
    """``words`` are the access point's own, one by one; ``kind`` for what has no sentence of ours."""

    at: datetime
    icon: str
    text: str
    words: tuple[str, ...] = ()


def lines(events: Sequence[Event]) -> list[Line]:
    """One statement, where commands are among them."""
    commands = commands_of(events)
    return [_line(event, commands) for event in events]


def _line(event: Event, commands: Mapping[tuple[int, Any], Command]) -> Line:
    data = event.data if isinstance(event.data, dict) else {}
    if event.kind in _ANSWERS and isinstance(data.get("command"), int):
        command = commands.get((event.access_point_id, data["command"]))
        return _answer(event, data, command) if command else _usual(event, data)
    return _usual(event, data)


def _answer(event: Event, data: dict[str, Any], command: Command) -> Line:
    """Which command it was, and who asked for it."""
    who = str(command.asked_by) if command.asked_by else _("Aerie")
    about = {"who": who, "mac": command.params.get("mac", "?"), "command": command.get_kind_display()}
    if event.kind == "command.done":
        return Line(event.at, "check-lg", str(DONE[CommandKind(command.kind)]) % about)
    if data.get("unanswered"):
        return Line(event.at, "x-circle-fill", _("%(command)s: it did not answer %(who)s's request") % about)
    words = _strings([data.get("text")])
    return Line(
        event.at, "x-circle-fill", _("%(command)s, at %(who)s's request, failed") % about, tuple(words)
    )


def _usual(event: Event, data: dict[str, Any]) -> Line:
    sentence = _SENTENCES.get(event.kind)
    if sentence is None:
        return Line(event.at, "info-circle-fill", _("It reported: %(kind)s") % {"kind": event.kind})
    icon, words = sentence
    text, own = words(data)
    return Line(event.at, icon, text, tuple(own))


_Words = tuple[str, Sequence[str]]


def _connected(data: dict[str, Any]) -> _Words:
    firmware = str(data.get("firmware") or "")
    return (_("Came online with %(firmware)s") % {"firmware": firmware} if firmware else _("Came online")), ()


def _disconnected(data: dict[str, Any]) -> _Words:
    return _("Lost the connection"), ()


def _applied(data: dict[str, Any]) -> _Words:
    own = _strings(data.get("rejected"))
    return (_("Applied its configuration, and left out:") if own else _("Applied its configuration")), own


def _refused(data: dict[str, Any]) -> _Words:
    return _("Refused its configuration:"), _strings(data.get("rejected"))


def _done(data: dict[str, Any]) -> _Words:
    return _("Carried out a command"), ()


def _failed(data: dict[str, Any]) -> _Words:
    return _("Could not carry out a command"), _strings([data.get("text")])


def _logged(data: dict[str, Any]) -> _Words:
    return _("Wrote in its log:"), _strings([data.get("text")])


def _health(data: dict[str, Any]) -> _Words:
    return _("Checked its own health: %(sanity)s %%") % {"sanity": data.get("sanity", "?")}, ()


def _client(sentence: Callable[[str, str], str]) -> Callable[[dict[str, Any]], _Words]:
    def words(data: dict[str, Any]) -> _Words:
        payload = data.get("payload")
        about = payload if isinstance(payload, dict) else {}
        return sentence(str(about.get("client", "?"))[:40], str(about.get("ssid", "?"))[:40]), ()

    return words


def _says(text: Callable[[], str]) -> Callable[[dict[str, Any]], _Words]:
    return lambda data: (text(), ())


def _strings(told: object) -> list[str]:
    return [str(one)[:500] for one in told if one][:20] if isinstance(told, list) else []


_SENTENCES: dict[str, tuple[str, Callable[[dict[str, Any]], _Words]]] = {
    "connected": ("check-circle-fill", _connected),
    "disconnected": ("x-circle-fill", _disconnected),
    "applied": ("check-lg", _applied),
    "refused": ("exclamation-octagon-fill", _refused),
    "command.done": ("check-lg", _done),
    "command.failed": ("x-circle-fill", _failed),
    "log": ("journal-text", _logged),
    "health": ("shield-check", _health),
    "client.join": (
        "phone",
        _client(lambda mac, ssid: _("%(mac)s joined %(ssid)s") % {"mac": mac, "ssid": ssid}),
    ),
    "client.leave": (
        "phone",
        _client(lambda mac, ssid: _("%(mac)s left %(ssid)s") % {"mac": mac, "ssid": ssid}),
    ),
    "client.key-mismatch": (
        "key",
        _client(
            lambda mac, ssid: _("%(mac)s tried a wrong passphrase for %(ssid)s") % {"mac": mac, "ssid": ssid}
        ),
    ),
    "wifi.start": ("broadcast", _says(lambda: _("Its radios went on"))),
    "wifi.stop": ("broadcast", _says(lambda: _("Its radios went off"))),
    "wired.carrier-up": ("plug", _says(lambda: _("A cable was plugged in"))),
    "wired.carrier-down": ("plug", _says(lambda: _("A cable was pulled out"))),
    "unit.boot-up": ("power", _says(lambda: _("It started up"))),
    "silent": ("x-circle-fill", _says(lambda: _("Silent for too long: it counts as offline"))),
    "heard": ("check-circle-fill", _says(lambda: _("Heard of again"))),
}
