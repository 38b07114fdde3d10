"""An access point's log in sentences. Its own words are quoted, never trusted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from devices.models import Event


@dataclass(frozen=True)
class Line:
    """``words`` are the access point's own, one by one; ``kind`` for what has no sentence of ours."""

    at: datetime
    icon: str
    text: str
    words: tuple[str, ...] = ()


def lines(events: Sequence[Event]) -> list[Line]:
    return [_line(event) for event in events]


def _line(event: Event) -> Line:
    data = event.data if isinstance(event.data, dict) else {}
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
