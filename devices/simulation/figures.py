"""What a fleet counts, and how it is told: one line now and then, one JSON object at the end."""

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

#: The newest samples of a duration; percentiles are of these.
LONGEST_MEMORY = 10_000


class Durations:
    """Seconds something took."""

    __slots__ = ("newest",)

    def __init__(self) -> None:
        self.newest: deque[float] = deque(maxlen=LONGEST_MEMORY)

    def add(self, seconds: float) -> None:
        self.newest.append(seconds)

    def percentile(self, share: float) -> float | None:
        """The duration that `share` (0 to 1) of the samples do not exceed; None without samples."""
        ordered = sorted(self.newest)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None

    def as_dict(self) -> dict[str, Any]:
        return {"count": len(self.newest), "p50": self.percentile(0.5), "p99": self.percentile(0.99)}


@dataclass(slots=True)
class Counts:
    """Since the start, but `connected`, which is now."""

    devices: int = 0
    connected: int = 0
    connects: int = 0
    reconnects: int = 0
    failed_connects: int = 0
    drops: int = 0
    early_drops: int = 0
    no_pong: int = 0
    restarts: int = 0
    gone: int = 0
    failed_downloads: int = 0
    applied: int = 0
    applied_with_rejects: int = 0
    refused: int = 0
    already_applied: int = 0
    states: int = 0
    events: int = 0
    bytes_sent: int = 0
    frames_received: int = 0


@dataclass(slots=True)
class Figures:
    """Counts and durations: dial to upgrade, receipt of a push to its answer, WebSocket ping to pong."""

    counts: Counts = field(default_factory=Counts)
    connect: Durations = field(default_factory=Durations)
    push: Durations = field(default_factory=Durations)
    ping: Durations = field(default_factory=Durations)

    def line(self) -> str:
        """The summary line."""
        counts, push = self.counts, self.push
        return (
            f"connected {counts.connected}/{counts.devices} · applied {counts.applied}"
            f" · rejected {counts.applied_with_rejects} · refused {counts.refused}"
            f" · push p50 {_ms(push.percentile(0.5))} p99 {_ms(push.percentile(0.99))}"
            f" · states {counts.states} · events {counts.events}"
            f" · reconnects {counts.reconnects} · drops {counts.drops}"
            f" · failed dials {counts.failed_connects}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Durations in seconds."""
        durations = {name: getattr(self, name).as_dict() for name in ("connect", "push", "ping")}
        return {**asdict(self.counts), "seconds": durations}


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"
