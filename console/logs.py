"""Logs: JSON lines on stderr, one per request or job, each with the ids of whom it is about and no secret."""

import functools
import logging
import re
import sys
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import structlog

from console.masks import masked

# The request at work in this thread: its ids are read when a line is written, so that whoever signs in
# or is found half way through it is in the lines from there on.
REQUEST: ContextVar[Any] = ContextVar("request", default=None)
# What a parameter of an address is, by the literal before it; tokens are nobody's id and not here.
_ROWS = {
    "o": "organisation",
    "networks": "network",
    "access-points": "serial",
    "rollouts": "rollout",
    "firmware": "image",
    "reports": "report",
    "members": "membership",
    "invitations": "invitation",
    "commands": "command",
    "wifi": "ssid",
    "history": "revision",
    "tasks": "task_id",
}
_PARAMETER = re.compile(r"([\w-]+)/<(?:\w+:)?(\w+)>")
Event = dict[str, Any]


def add_ids(_logger: Any, _method: str, event: Event) -> Event:
    """A structlog processor: whose request this is and what it is about."""
    request = REQUEST.get()
    return event if request is None else ids_of(request) | event


def ids_of(request: Any) -> Event:
    """Of the request so far; asks neither the session nor the database."""
    found: Event = {"request": getattr(request, "id", None), "trace": getattr(request, "trace", None)}
    match = request.resolver_match
    if match is not None:
        named = _named(match.route)
        found |= {named[name]: value for name, value in match.kwargs.items() if name in named}
    if organisation := getattr(request, "organisation", None):
        found |= {"organisation": organisation.slug, "organisation_id": organisation.pk}
    if user := getattr(getattr(request, "_cached_user", None), "pk", None):
        found["user"] = user
    return {name: value for name, value in found.items() if value is not None}


@functools.cache
def _named(route: str) -> dict[str, str]:
    """What the parameters of this pattern are called in the log."""
    return {name: _ROWS[before] for before, name in _PARAMETER.findall(route) if before in _ROWS}


def mask(_logger: Any, _method: str, event: Event) -> Event:
    """A structlog processor, the last before the line is written."""
    found: Event = masked(event)
    return found


_SHARED = [
    structlog.contextvars.merge_contextvars,
    add_ids,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]
# The request's own line, in console/observing.py, tells of answers of 400 and more, with the exception.
_SAID_ELSEWHERE = ("django.request", "django.security")


def _formatter(release: str) -> Event:
    def add_release(_logger: Any, _method: str, event: Event) -> Event:
        return event | {"release": release}

    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            add_release,
            mask,
            structlog.processors.JSONRenderer(default=str),
        ],
        "foreign_pre_chain": [structlog.stdlib.PositionalArgumentsFormatter(), *_SHARED],
    }


def configure(level: str, release: str = "development") -> dict[str, Any]:
    """Django's LOGGING at this level, for structlog's loggers and the standard library's alike."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(True)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": _formatter(release)},
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stderr}},
        "loggers": {name: {"level": "CRITICAL"} for name in _SAID_ELSEWHERE},
        "root": {"handlers": ["stream"], "level": level},
    }


def configure_gunicorn(level: str, release: str = "development") -> dict[str, Any]:
    """gunicorn's ``logconfig_dict``: its own lines in the same form, before Django is there to say so."""
    return configure(level, release) | {"loggers": {name: {"level": "CRITICAL"} for name in _SAID_ELSEWHERE}}


def log_the_uncaught() -> None:
    """A process that dies of an exception says so in one line; to a person at a terminal, as ever."""

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt) or sys.stderr.isatty():
            sys.__excepthook__(kind, error, trace)
            return
        logging.getLogger("console").critical("the process ended", exc_info=(kind, error, trace))

    sys.excepthook = tell
