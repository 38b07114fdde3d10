"""Errors told to Sentry, when ``SENTRY_DSN`` is set: whatever is logged as an error, with its stack and ids.

The SDK's own integrations stay off: they would send requests, breadcrumbs and local variables, where
secrets are. What is sent is built here and masked as the log is.
"""

import logging
import sys
from contextlib import suppress
from typing import Any

import structlog
from django.conf import settings

from console.logs import REQUEST, ids_of
from console.masks import masked

DEEP = 12  # levels of an event, its frames included
TAGS = ("request", "organisation", "network", "serial", "view", "queue", "job", "kind", "task_id")
_OURS = ("console", "jobs", "devices", "accounts")
# Elsewhere in the event already: the SDK keeps ten of what is extra.
_SAID = {"event", "exc_info", "level", "logger", "timestamp", "_logger", "_name", "user", *TAGS}


def start() -> None:
    """From here on; nothing without an address. For each process, after it was forked."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk  # a tenth of a second that nobody else pays

    sentry_sdk.init(
        settings.SENTRY_DSN,
        release=settings.AERIE_RELEASE,
        environment=settings.SENTRY_ENVIRONMENT,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        before_send=_masked,
        in_app_include=list(_OURS),
    )
    logging.getLogger().addHandler(Reporter(logging.ERROR))


def stop() -> None:
    """Send what waits, and no more after it."""
    import sentry_sdk

    sentry_sdk.flush(5)
    sentry_sdk.init()
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, Reporter)]:
        root.removeHandler(handler)


class Reporter(logging.Handler):
    """Makes an event of a line. Never raises: whoever logs has other worries."""

    def emit(self, record: logging.LogRecord) -> None:
        import sentry_sdk

        if record.name.startswith(("sentry_sdk", "urllib3")):
            return
        with suppress(Exception):  # nor is it printed, as logging would: unmasked
            event, hint = event_of(record)
            sentry_sdk.capture_event(event, hint)


def event_of(record: logging.LogRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """The event, in Sentry's terms, and its hint (the exception)."""
    import sentry_sdk
    from sentry_sdk.utils import event_from_exception

    said = _said(record)
    error = _exception(record, said)
    options = sentry_sdk.get_client().options
    event, hint = event_from_exception(error, client_options=options) if error else ({}, {})
    words = str(said.get("event", ""))
    event |= {"level": record.levelname.lower(), "logger": record.name, "message": words}
    event["fingerprint"] = [record.name, words, str(said.get("view", said.get("kind", ""))), _shape(error)]
    event["tags"] = {name: str(said[name]) for name in TAGS if name in said}
    event["extra"] = {name: value for name, value in said.items() if name not in _SAID}
    if "user" in said:
        event["user"] = {"id": str(said["user"])}
    return event, hint


def _said(record: logging.LogRecord) -> dict[str, Any]:
    """What structlog was told, or a library's message with the ids that go with it."""
    if isinstance(record.msg, dict):
        return dict(record.msg)
    return _context() | {"event": record.msg}  # not its arguments: one line, however often


def _context() -> dict[str, Any]:
    request = REQUEST.get()
    return structlog.contextvars.get_contextvars() | (ids_of(request) if request is not None else {})


def _exception(record: logging.LogRecord, said: dict[str, Any]) -> BaseException | None:
    found = said.get("exc_info") or record.exc_info
    if found is True:
        found = sys.exc_info()
    return found[1] if isinstance(found, tuple) else found if isinstance(found, BaseException) else None


def _shape(error: BaseException | None) -> str:
    """Where it was raised: the same fault is the same issue, whatever it quotes."""
    trace = error.__traceback__ if error else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f":{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}" if error else ""


def _masked(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = masked(event, DEEP)
    return found
