"""What the outpost counts. Label values are short closed lists, never a serial or a stranger's words.

With several processes call ``shared_metrics.share_metrics`` first; then any of them can ``render``
the sum of all.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram
from prometheus_client import multiprocess as _multiprocess

from outpost import shared_metrics
from outpost.shared_metrics import VARIABLE

SESSIONS = Gauge("outpost_sessions", "Access points connected now", multiprocess_mode="livesum")
PARKED = Gauge("outpost_sessions_parked", "Of these, not claimed by anybody", multiprocess_mode="livesum")
CONNECTS = Counter("outpost_connects", "Sessions that began with a valid connect frame")
DISCONNECTS = Counter("outpost_disconnects", "Sessions that ended, by why", ["reason"])
REFUSALS = Counter("outpost_refused_connections", "Connections that never became a session", ["reason"])
MESSAGES = Counter("outpost_messages", "Messages received, by method (unknown ones as 'other')", ["method"])
RECEIVED_BYTES = Counter("outpost_received_bytes", "WebSocket payload received")
PROTOCOL_ERRORS = Counter("outpost_protocol_errors", "Frames that broke the protocol, by how", ["reason"])
PUSHES = Counter("outpost_pushes", "Configurations sent")
PUSH_RESULTS = Counter("outpost_push_results", "Answers to configurations, by outcome", ["outcome"])
COMMANDS = Counter("outpost_commands", "Commands by outcome: sent, done, failed, expired", ["outcome"])
NUDGES = Counter("outpost_nudges", "Serials the console said to compare")
FACTS = Counter("outpost_facts", "Facts appended to the stream")
FACTS_DROPPED = Counter("outpost_facts_dropped", "Facts given up because the store stayed away too long")
REPLACED = Counter("outpost_replaced_processes", "Processes started anew, by why: stuck, ended", ["reason"])
# Set by the parent alone, which reloads with its children; theirs are 0 and lose.
CERTIFICATE_ENDS = Gauge(
    "outpost_certificate_not_after_seconds",
    "When our certificate expires, Unix time; 0 without TLS",
    multiprocess_mode="livemax",
)
STORE_SECONDS = Histogram(
    "outpost_store_seconds",
    "Time the live store took to answer, by call",
    ["call"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
STORE_ERRORS = Counter("outpost_store_errors", "Calls the live store did not answer", ["call"])
BATCH_SIZE = Histogram(
    "outpost_batch_size",
    "Check-ins written to the live store in one batch",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500),
)
APPLY_SECONDS = Histogram(
    "outpost_apply_seconds",
    "From sending a configuration to its answer",
    buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120),
)


@contextmanager
def timed_store(call: str) -> Iterator[None]:
    """Time one call to the live store and count it as an error when it raises."""
    began = perf_counter()
    try:
        yield
    except Exception:
        STORE_ERRORS.labels(call).inc()
        raise
    finally:
        STORE_SECONDS.labels(call).observe(perf_counter() - began)


def render() -> tuple[bytes, str]:
    """The metrics page of all processes together, and its content type."""
    return shared_metrics.page(), CONTENT_TYPE_LATEST


def forget_process(pid: int) -> None:
    """Take a dead process's gauges out of the sum (its counters stay counted)."""
    if VARIABLE in os.environ:
        _multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
