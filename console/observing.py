"""What a request took and how it ended: one line in the log, its SQL in the metrics, its id in the answer.

The outermost middleware but Prometheus's, so that whatever answers, the session's statements and the
static files included, is told of.
"""

import logging
import re
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from time import perf_counter
from typing import Any

import structlog
from django.conf import settings
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase, StreamingHttpResponse
from prometheus_client import Counter, Histogram

from console.logs import REQUEST
from devices.statements import Tally, tallied

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
STATEMENTS = Histogram(
    "aerie_view_sql_statements",
    "SQL statements of a request",
    ["view", "method"],
    buckets=(0, 2, 5, 10, 15, 20, 30, 50, 100, 300),
)
SQL_SECONDS = Counter("aerie_view_sql_seconds", "Time a view's requests waited for SQL", ["view", "method"])
# The balancer and the scraper ask every few seconds; they are heard of when the answer is no.
_QUIET = frozenset({"livez", "readyz", "metrics", None})
_UNAVAILABLE = 503  # we know, and said so: draining, or a fail-over
_ID = re.compile(r"[\w.=:;@-]{8,128}", re.ASCII)
_END = object()
log = structlog.get_logger(__name__)


class ObserveRequest:
    """Gives the request its ``id`` and ``trace``; refuses methods nobody knows, which metrics would name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        got_request_exception.connect(_remember, dispatch_uid=__name__)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.id, request.trace = _ids(request)  # type: ignore[attr-defined]
        token = REQUEST.set(request)
        try:
            with tallied(Tally("middleware")) as tally:
                return self._answer(request, tally)
        finally:
            REQUEST.reset(token)

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        """From here on its statements are this view's. It may be a copy: one for each attempt."""
        REQUEST.set(request)
        request.tally.where = _view_of(request) or "none"  # type: ignore[attr-defined]

    def _answer(self, request: HttpRequest, tally: Tally) -> HttpResponseBase:
        request.tally, request.errors = tally, []  # type: ignore[attr-defined] - copies share them
        began = perf_counter()
        known = request.method in METHODS
        response = self.get_response(request) if known else HttpResponseNotAllowed(METHODS)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        request = REQUEST.get()
        if known and request.resolver_match is not None:
            _count(_view_of(request) or "none", request.method or "", tally)
        _tell(request, response, perf_counter() - began, tally)
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            _watch_stream(response, tally)
        return response


def _ids(request: HttpRequest) -> tuple[str, str | None]:
    """Its id, a proxy's if we trust one and it reads like an id, and the balancer's name for it."""
    given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
    trace = request.headers.get("X-Amzn-Trace-Id", "") if settings.TRUSTED_PROXIES else ""
    return given if _ID.fullmatch(given) else uuid.uuid4().hex, trace if _ID.fullmatch(trace) else None


def _view_of(request: HttpRequest) -> str | None:
    return request.resolver_match.view_name if request.resolver_match else None


def _remember(sender: object, request: HttpRequest | None = None, **_signal: object) -> None:
    """Django turns an exception into an answer further in; it is told of where the answer is."""
    if request is not None and hasattr(request, "errors"):
        request.errors.append(sys.exc_info()[1])


def _count(view: str, method: str, tally: Tally) -> None:
    STATEMENTS.labels(view, method).observe(tally.count)
    SQL_SECONDS.labels(view, method).inc(tally.seconds)


def _tell(request: HttpRequest, response: HttpResponseBase, seconds: float, tally: Tally) -> None:
    """The path without its query: that is what people searched for."""
    told: dict[str, Any] = {"view": _view_of(request), "method": request.method, "path": request.path[:200]}
    told |= {"status": response.status_code, "seconds": round(seconds, 4)}
    told |= {"sql": tally.count, "sql_seconds": round(tally.seconds, 4)}
    error = request.errors[-1] if request.errors else None  # type: ignore[attr-defined]
    if isinstance(error, UnreadablePostError):
        log.info("request", cut_off=True, **told)  # the visitor went: no fault of ours
        return
    if error and response.status_code >= 500:
        told["exc_info"] = error
    log.log(_level(response.status_code, told["view"]), "request", **told)


def _level(status: int, view: str | None) -> int:
    if status >= 500:
        return logging.WARNING if status == _UNAVAILABLE else logging.ERROR
    return logging.DEBUG if view in _QUIET and status < 400 else logging.INFO


def _watch_stream(response: StreamingHttpResponse, tally: Tally) -> None:
    """What is sent after the view returned still is the request's; a file the server sends itself is not."""
    if getattr(response, "file_to_stream", None) is None:
        parts = iter(response.streaming_content)
        response.streaming_content = _streamed(parts, tally, copy_context())


def _streamed(parts: Iterator[Any], tally: Tally, context: Context) -> Iterable[Any]:
    began = perf_counter()
    try:
        while (part := context.run(next, parts, _END)) is not _END:
            yield part
    except Exception:
        context.run(log.exception, "the stream broke", seconds=round(perf_counter() - began, 4))
        raise
    context.run(log.info, "streamed", seconds=round(perf_counter() - began, 4), sql=tally.count)
