"""Errors told to Sentry, when ``SENTRY_DSN`` is set: which, where in the code, how often; not their words.

An exception's words may quote what an access point sent or a configuration: they stay here.
"""

import logging
from typing import TYPE_CHECKING, Any

from outpost.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event

KEPT = ("serial", "call", "count", "ended", "age")  # of what a line says besides


def report_errors(settings: Settings) -> None:
    """From here on, forked children included; nothing without an address."""
    if not settings.sentry_dsn:
        return
    import sentry_sdk
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        settings.sentry_dsn,
        release=settings.release,
        environment=settings.sentry_environment,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None)],
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        before_send=_wordless,
    )


def _wordless(event: "Event", _hint: dict[str, Any]) -> "Event":
    for one in event.get("exception", {}).get("values", ()):
        one["value"] = ""
    extra = event.get("extra", {})
    event["extra"] = {name: extra[name] for name in KEPT if name in extra}
    if "logentry" in event:
        event["logentry"] = {"message": event["logentry"].get("message", "")}
    return event
