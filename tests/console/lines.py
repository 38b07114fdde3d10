"""What a test's events become in the log: the lines as they are written in production."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings


class Lines(io.StringIO):
    """The log so far."""

    def all(self) -> list[dict[str, Any]]:
        """Every line, parsed: one that is not a JSON object fails the test."""
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.all() if line["event"] == event]

    def request(self) -> dict[str, Any]:
        """The last request's line."""
        return self.of("request")[-1]


@contextmanager
def written(level: int = logging.INFO) -> Iterator[Lines]:
    """With the formatter of the settings, from ``level`` up."""
    lines = Lines()
    handler = logging.StreamHandler(lines)
    options = dict(settings.LOGGING["formatters"]["json"])
    handler.setFormatter(options.pop("()")(**options))
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
