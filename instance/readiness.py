"""Whether the roles of this instance work, asked from inside it."""

import http.client
import time
import urllib.error
import urllib.request

from instance import systemd
from instance.user_data import Assignment

URLS = {"console": "http://127.0.0.1:8000/readyz", "outpost": "http://127.0.0.1:15003/readyz"}
SETTLED = 3.0  # seconds a unit without a door of its own must have stayed up
TIMEOUT = 5.0
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def not_ready(assignment: Assignment) -> list[str]:
    """What does not work yet, in words; nothing when all does."""
    urls = [URLS[role] for role in assignment.roles if role in URLS]
    return _unsettled(systemd.units(assignment.roles)) + [url for url in urls if not answers(url)]


def answers(url: str) -> bool:
    """Whether it says 200."""
    try:
        with _OPENER.open(url, timeout=TIMEOUT) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return False


def _unsettled(units: list[str]) -> list[str]:
    try:
        shown = systemd.show(units, "ActiveState", "ActiveEnterTimestampMonotonic")
    except systemd.SystemdRefused as error:
        return [str(error)]
    return [unit for unit in units if not settled(shown.get(unit, {}), time.monotonic())]


def settled(properties: dict[str, str], uptime: float) -> bool:
    """Whether a unit is active since ``SETTLED``; ``uptime`` in seconds, as systemd's timestamps count."""
    since = int(properties.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    return properties.get("ActiveState") == "active" and since + SETTLED <= uptime
