"""Prometheus's text format, read as far as our own pages use it. Pure but for ``page``."""

import http.client
import math
import re
import urllib.error
import urllib.request
from dataclasses import dataclass

TIMEOUT = 10.0  # seconds
LONGEST = 16_777_216  # bytes
_LINE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$", re.ASCII)
_LABEL = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"', re.ASCII)
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NoAnswer(Exception):
    """A page of metrics cannot be had; the message says why, without the token."""


@dataclass(frozen=True)
class Sample:
    """One line."""

    name: str
    labels: dict[str, str]
    value: float


def page(url: str, token: str = "") -> list[Sample]:
    """Raises ``NoAnswer``."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own doors
    try:
        with _OPENER.open(request, timeout=TIMEOUT) as response:
            return parse(response.read(LONGEST).decode(errors="replace"))
    except urllib.error.HTTPError as error:
        raise NoAnswer(f"{url} says {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{url}: {type(error).__name__}") from None


def parse(text: str) -> list[Sample]:
    """Lines that are none are left out."""
    found = []
    for line in text.splitlines():
        match = None if line.startswith("#") else _LINE.match(line)
        if match and (value := _number(match[3])) is not None:
            found.append(Sample(match[1], dict(_LABEL.findall(match[2] or "")), value))
    return found


def _number(text: str) -> float | None:
    """None for what is none, and for NaN, which says that it is not known."""
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number
