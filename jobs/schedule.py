"""The timetable: everything that happens by itself, on one page.

``TIMETABLE`` is what the metronome beats: every so many seconds, in Redis, cheap to run once too
often. ``CALENDAR`` is what is due by the calendar: each occasion is a row in MySQL that promises
one task, so that a run is neither missed nor doubled whatever is killed (see ``jobs.occasions``).
"""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from typing import Any

from jobs import alerts, backups, commands, dispatch, presence, usage
from jobs.mailing import invitations
from jobs.reconcile import reconcile
from jobs.recurrence import Daily, Monthly, Recurrence, Weekly

__all__ = ["CALENDAR", "PREFIX", "TIMETABLE", "Appointment", "Daily", "Entry", "Monthly", "Weekly"]

PREFIX = "timetable-"


@dataclass(frozen=True)
class Entry:
    """A job every so many seconds. ``name`` is its fixed id: installed twice it still is one."""

    name: str
    job: Callable[[], Any]
    every: int
    queue: str
    timeout: int = 60  # seconds after which a run is ended

    @property
    def id(self) -> str:
        return f"{PREFIX}{self.name}"


@dataclass(frozen=True)
class Appointment:
    """A task of this kind (see ``jobs.dispatch.KINDS``) at every occasion; its payload is {"at": ISO 8601}.

    ``name`` is 40 characters at most and never used again for something else.
    """

    name: str
    when: Recurrence
    kind: str


def reconcile_all() -> dict[str, int | str]:
    """Whatever should be going on and is not; what the calendar says is due is part of it."""
    return reconcile(CALENDAR)


TIMETABLE = (
    # The two fast ones: they find in MySQL whatever was lost, and promise whatever is due.
    Entry("dispatch", dispatch.dispatch, 2, "critical"),
    # As often as its heartbeat must be newer than DATABASE_REPLICA_MAX_LAG on the replica.
    Entry("reconcile", reconcile_all, 2, "critical"),
    # The rest has time.
    Entry("presence", presence.watch, 10, "default"),
    Entry("links", presence.compare_all, 300, "default", timeout=300),
    Entry("recordings", commands.remove_recordings, 3600, "default", timeout=600),
    Entry("alerts", alerts.watch, 15, "default"),
    Entry("invitations", invitations.send_due_invitations, 60, "default", timeout=300),
    Entry("usage", usage.measure, 300, "default", timeout=280),
    Entry("backup-age", backups.check, 3600, "default"),
    Entry("usage-hours", usage.roll_up, 3600, "default", timeout=1200),
)

CALENDAR = (
    Appointment("backup", Daily(time(1, 15)), "backup"),
    Appointment("firmware", Daily(time(2, 30)), "clear_firmware"),
    Appointment("retention", Daily(time(3, 0)), "prune"),
    Appointment("reports", Monthly(1, time(4, 0)), "reports"),
    Appointment("weekly", Weekly(calendar.MONDAY, time(7, 0)), "weekly-mails"),
)
