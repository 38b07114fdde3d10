"""When two requests are one: by the key they carry, of the same person, for the same address."""

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.models.answer import KEPT

HEADER = "Idempotency-Key"
# A page that stayed open may be meant anew; one whose answer was lost is sent again sooner than that.
MEANT_ONCE = timedelta(minutes=5)
# Every page a form is shown on has a CSRF token masked anew: it tells one page's form from the next one's.
_FORM = re.compile(rb"(?:^|&)csrfmiddlewaretoken=|name=\"csrfmiddlewaretoken\"")
_BOUNDARY = re.compile(r"boundary=\"?([^\";,]+)")


@dataclass(frozen=True)
class Key:
    """``name`` is unique; ``sent`` tells whether the same name came with something else this time.

    Older than it ``holds``, the first one's answer is none to the second.
    """

    name: str
    sent: str
    holds: timedelta = MEANT_ONCE


def key_of(request: HttpRequest, body: bytes) -> Key:
    """The key its sender chose; else its form's page; else our proxy's number for it; else one of its own.

    Only the sender's own key can come with two bodies. A form that was corrected, and another request
    under a proxy's number, are other requests: there what was sent is part of the name.
    """
    sent = _digest(_unbounded(request, body))
    words = [request.method or "", request.get_full_path(), _who(request)]
    if chosen := request.headers.get(HEADER):
        return Key(_digest(*words, "chosen", chosen), sent, KEPT)
    return Key(_digest(*words, *_unchosen(request, body), sent), sent)


def _unchosen(request: HttpRequest, body: bytes) -> tuple[str, str]:
    # What a script sends, htmx or ours, it means each time; it shows its token in the header.
    if "X-CSRFToken" not in request.headers and _FORM.search(body):
        return "form", ""
    number = request.headers.get("X-Request-ID") if settings.TRUSTED_PROXIES else None
    return ("proxy", number) if number else ("own", uuid.uuid4().hex)


def _who(request: HttpRequest) -> str:
    """Whose request it is, without asking the database: a key never answers for another browser.

    Before anybody has signed in, the CSRF cookie tells browsers apart.
    """
    cookies = (request.COOKIES.get(name) for name in _COOKIES)
    return _digest(next(filter(None, cookies), ""), request.headers.get("Authorization", ""))


_COOKIES = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)


def _unbounded(request: HttpRequest, body: bytes) -> bytes:
    """Sent twice, a form with a file differs in the boundary alone."""
    found = _BOUNDARY.search(request.headers.get("Content-Type", ""))
    return body.replace(found[1].encode(), b"") if found else body


def _digest(*parts: str | bytes) -> str:
    """Each part with its length, so that none runs into the next.

    Keyed: what was sent may be short and secret, and whoever reads the table must not find it by guessing.
    """
    digest = salted_hmac(__name__, b"", algorithm="sha256")
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()
