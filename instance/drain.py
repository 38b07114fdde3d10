"""The end of an instance, in order: say so, wait until nobody is sent here, let all finish, tell the group.

Killed in the middle and run again it goes on; run twice it changes nothing.
"""

import logging
import subprocess
import time
from collections.abc import Callable, Sequence

from instance import systemd
from instance.identity import read
from instance.imds import Imds, ImdsAway
from instance.scaling import DRAIN_HOOK, Group
from instance.settings import Settings
from instance.user_data import ROLES

BALANCED = ("console", "outpost")  # roles with a load balancer in front
ASK_EVERY = 1.0  # seconds
BEAT_EVERY = 60.0  # seconds; the hook's own limit is 300 at least
log = logging.getLogger(__name__)


def run(settings: Settings, *, leave_units: bool = False) -> None:
    """With ``leave_units`` systemd stops them itself: it is shutting down. Raises ``UserDataInvalid``."""
    settings.drain_file.touch()
    if settings.drained_file.exists():
        log.info("drained already")
        return
    try:
        identity = read(Imds(settings.imds))
    except ImdsAway as error:
        log.error("draining without knowing who we are: %s", error)
        _drain(settings, ROLES, None, leave_units)
        return
    group = Group(identity)
    _drain(settings, identity.assignment.roles, group, leave_units)
    if not leave_units:
        group.complete(DRAIN_HOOK)


def _drain(settings: Settings, roles: Sequence[str], group: Group | None, leave_units: bool) -> None:
    """Without a group to ask, a balancer is given all of ``drain_seconds`` to see that we are not ready."""
    released, heartbeat = (group.released, group.heartbeat) if group else (_no, _no)
    log.info("draining %s", ", ".join(roles))
    if set(BALANCED) & set(roles):
        waited = wait_until_released(released, heartbeat, settings.drain_seconds)
        log.info("nobody is sent here any more after %.1f s", waited)
    _end(settings, roles, heartbeat, leave_units)


def _no() -> bool:
    return False


def wait_until_released(
    released: Callable[[], bool],
    heartbeat: Callable[[], bool],
    limit: float,
    sleep: Callable[[float], None] = time.sleep,
    ticks: Callable[[], float] = time.monotonic,
) -> float:
    """Seconds it took until the load balancer let go, or ``limit``: a silent balancer ends the wait too."""
    began = beaten = ticks()
    while ticks() - began < limit and not released():
        if ticks() - beaten >= BEAT_EVERY:
            beaten = ticks()
            heartbeat()
        sleep(min(ASK_EVERY, limit))
    return ticks() - began


def _end(settings: Settings, roles: Sequence[str], heartbeat: Callable[[], bool], leave_units: bool) -> None:
    if leave_units:
        return
    stop(systemd.stopping(systemd.units(roles)), heartbeat)
    settings.drained_file.touch()
    log.info("drained")


def stop(stopping: "subprocess.Popen[bytes]", heartbeat: Callable[[], bool]) -> None:
    """Everything together: each has its own way to end well, and its own limit in its unit."""
    while True:
        try:
            code = stopping.wait(BEAT_EVERY)
        except subprocess.TimeoutExpired:
            heartbeat()
            continue
        if code:
            log.error("systemctl stop ended with %d", code)
        return
