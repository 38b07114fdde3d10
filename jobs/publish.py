"""Publishing, giving up and rebuilding: task in, verb called, lease kept while it takes its time."""

from collections.abc import Iterator

import structlog
from django.utils import timezone as clock

from devices import publishing, rebuilding
from devices.live_store import live_store
from devices.models import Task

log = structlog.get_logger(__name__)


def publish(task: Task) -> None:
    """Payload: {"network": id} for all its access points, or {"access_points": [ids]}."""
    if "network" in task.payload:
        written = _held(task, publishing.publish_network(task.payload["network"]))
    else:
        written = _held(task, publishing.publish_access_points(task.payload["access_points"]))
    log.info("published", written=written)


def forget(task: Task) -> None:
    """Payload: {"serials": [...]}, access points that were given up."""
    _held(task, publishing.forget(task.payload["serials"]))


def rebuild(task: Task) -> None:
    """Payload: {"life": name}, as ``LiveStore.rebuild_due`` named it."""
    written = _held(task, rebuilding.rebuild())
    live_store().mark_rebuilt(task.payload["life"])
    log.warning("live store rebuilt", written=written)


def restore() -> bool:
    """Promise a rebuild when the live store was lost; periodic. Returns whether it was."""
    life = live_store().rebuild_due()
    if life:
        Task.promise("rebuild", "rebuild", {"life": life})
    return bool(life)


def _held(task: Task, batches: Iterator[int]) -> int:
    """Run it batch by batch, each under a fresh lease."""
    written = 0
    for batch in batches:
        written += batch
        task.hold(clock.now())
    return written
