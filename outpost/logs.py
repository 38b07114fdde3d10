"""Logs: one JSON object per line on standard error. Nobody logs payloads, keys or configurations."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """What was said, when (UTC), by whom, and the ``extra`` fields."""

    def __init__(self, release: str = "development") -> None:
        super().__init__()
        self._release = release

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            "pid": record.process,
            "release": self._release,
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def write_json_lines(level: str, release: str = "development") -> None:
    """Log everything from ``level`` up; picows is silent, as what it sees is counted."""
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(JsonLines(release))
    logging.basicConfig(level=level.upper(), handlers=[to_stderr], force=True)
    logging.getLogger("picows").setLevel(logging.CRITICAL + 1)
