"""Logs: JSON lines on stderr, one per request or job, without the secret parts of mailed or signed links."""

import re
import sys
from typing import Any

import structlog

# Who reads the log must not be able to follow the link: /invitation/<token>/, the link that
# confirms an address, the link that resets a password, those that hand a file out or take one in.
_MAILED = re.compile(
    r"(/invitation/|/unsubscribe/|/confirm-email/|/password/reset/key/|/files/|/uploads/(?:parts/)?)[^/\s?]+"
)


def mask_mailed_links(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor; looks at every text of the event."""
    return {key: _masked(value) if isinstance(value, str) else value for key, value in event.items()}


def _masked(text: str) -> str:
    return _MAILED.sub(r"\1…", text)


_SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]
_JSON = {
    "()": structlog.stdlib.ProcessorFormatter,
    "processors": [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        mask_mailed_links,
        structlog.processors.JSONRenderer(),
    ],
    "foreign_pre_chain": _SHARED,
}


def configure(level: str) -> dict[str, Any]:
    """Django's LOGGING at this level, for structlog's loggers and the standard library's alike."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": _JSON},
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stderr}},
        "root": {"handlers": ["stream"], "level": level},
    }
