"""The time that rollouts go by: the real one, except in a rehearsal of a whole night in a minute.

A rehearsal's clock is a file that says ``{"at": Unix seconds, "shows": Unix seconds, "rate": number}``:
at that real moment it showed that time, and it runs so many times as fast. Production refuses one.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone


@dataclass(frozen=True)
class Rehearsal:
    """Both times in Unix seconds."""

    at: float
    shows: float
    rate: float

    @classmethod
    def read(cls, path: Path) -> "Rehearsal":
        """Raises ``OSError`` and ``ValueError``."""
        told = json.loads(path.read_text())
        return cls(float(told["at"]), float(told["shows"]), float(told["rate"]))

    def shown(self, real: float) -> float:
        return self.shows + (real - self.at) * self.rate

    def real(self, shown: float) -> float:
        return self.at + (shown - self.shows) / self.rate


def now() -> datetime:
    """What rollouts call now."""
    real = timezone.now()
    rehearsal = _rehearsal()
    return datetime.fromtimestamp(rehearsal.shown(real.timestamp()), UTC) if rehearsal else real


def real_span(span: timedelta) -> timedelta:
    """How long a span of that clock lasts in reality: for the limits of processes that know no rehearsal."""
    rehearsal = _rehearsal()
    return span / rehearsal.rate if rehearsal else span


def _rehearsal() -> Rehearsal | None:
    path = settings.REHEARSAL_CLOCK
    return Rehearsal.read(Path(path)) if path else None
