"""A response as plain values and back: what is kept beside a change, and told to whoever repeats it."""

from http.cookies import Morsel
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.keyring import BrokenSecret
from accounts.models import Answer

REPLAYED = "Idempotency-Replayed"


def pack(response: HttpResponseBase) -> dict[str, Any]:
    """Status, headers, cookies and body. A stream cannot be kept."""
    return {
        "status": response.status_code,
        "headers": list(response.items()),
        "cookies": [[m.key, m.value, m.coded_value, dict(m)] for m in response.cookies.values()],
        "body": response.content.decode("latin-1") if isinstance(response, HttpResponse) else None,
    }


def unpack(content: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(content["body"].encode("latin-1"), status=content["status"])
    del response["Content-Type"]
    for name, value in content["headers"]:
        response[name] = value
    for key, value, coded, attributes in content["cookies"]:
        morsel: Morsel[str] = Morsel()
        morsel.set(key, value, coded)
        morsel.update(attributes)
        response.cookies[key] = morsel
    return response


def replay(answer: Answer, sent: str) -> HttpResponse:
    """The first one's answer; 422 to a key that came with something else, 409 where none was kept."""
    if answer.sent != sent:
        return _words("reused", 422)
    try:
        content = answer.content()
    except BrokenSecret:
        content = None
    if content is None or content["body"] is None:
        return _words("done", 409)
    response = unpack(content)
    response[REPLAYED] = "true"
    return response


def unavailable() -> HttpResponse:
    """MySQL did not come back in time. It needs neither the database nor the session."""
    response = _words("unavailable", 503)
    response["Retry-After"] = "5"
    return response


def _words(what: str, status: int) -> HttpResponse:
    return render(None, "errors/once.html", {"what": what}, status=status)  # type: ignore[arg-type]
