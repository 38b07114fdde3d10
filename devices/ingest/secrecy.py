"""An access point may quote the configuration it rejects: the secrets in it are masked before they stay."""

from collections.abc import Iterable, Sequence

import msgspec
from django.db.models import F

from accounts.keyring import BrokenSecret
from devices.ingest.facts import Applied, CommandFailed, Logged, News, Refused
from devices.models import Ssid

MASK = "••••"


def masked(news: Sequence[News]) -> list[News]:
    """The facts without the secrets of the networks their access points are in.

    One statement, and none where nobody says anything.
    """
    talkative = {one.serial for one in news if any(_words(one.content))}
    secrets = _secrets(talkative) if talkative else {}
    return [_without(one, secrets.get(one.serial, ())) for one in news]


def _words(content: object) -> Iterable[str]:
    match content:
        case Applied():
            return content.rejected
        case Refused():
            return [content.text, *content.rejected]
        case CommandFailed() | Logged():
            return [content.text]
        case _:
            return ()


def _secrets(serials: set[str]) -> dict[str, set[str]]:
    """Serial to the passphrases and RADIUS secrets it has been told, in clear and as JSON writes them."""
    found: dict[str, set[str]] = {}
    ssids = Ssid.objects.filter(network__access_points__serial__in=serials)
    for ssid in ssids.annotate(serial=F("network__access_points__serial")):
        if ssid.serial in serials:
            found.setdefault(ssid.serial, set()).update(_of(ssid))
    return found


def _of(ssid: Ssid) -> set[str]:
    try:
        plain = {ssid.passphrase, ssid.radius_secret} - {""}
    except BrokenSecret:
        return set()
    return plain | {msgspec.json.encode(secret).decode()[1:-1] for secret in plain}


def _without(news: News, secrets: Iterable[str]) -> News:
    if not secrets:
        return news
    content = news.content
    match content:
        case Applied():
            content = msgspec.structs.replace(content, rejected=[_mask(w, secrets) for w in content.rejected])
        case Refused():
            rejected = [_mask(word, secrets) for word in content.rejected]
            content = msgspec.structs.replace(content, text=_mask(content.text, secrets), rejected=rejected)
        case CommandFailed() | Logged():
            content = msgspec.structs.replace(content, text=_mask(content.text, secrets))
    return msgspec.structs.replace(news, content=content)


def _mask(words: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        words = words.replace(secret, MASK)
    return words
