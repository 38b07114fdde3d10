"""The timetable: everything that happens by itself, on one page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs import commands, dispatch, ingest, mails, presence, publish, rollouts, usage

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


TIMETABLE = (
    # A task whose word was lost, or whose worker died, waits at most a lease and one of these.
    Entry("sweep", dispatch.sweep, 3, "critical"),
    Entry("restore", publish.restore, 5, "critical"),
    # Two at a time; more often than a slot lasts, so that the next one always waits already.
    Entry("ingest-1", ingest.read_slot, 2, "ingest"),
    Entry("ingest-2", ingest.read_slot, 2, "ingest"),
    Entry("rollouts", rollouts.watch, 5, "critical"),
    Entry("presence", presence.watch, 10, "default"),
    Entry("links", presence.compare_all, 300, "default", timeout=300),
    Entry("commands", commands.give_up, 15, "default"),
    Entry("recordings", commands.remove_recordings, 3600, "default", timeout=600),
    Entry("invitations", mails.send_due_invitations, 60, "default", timeout=300),
    Entry("usage", usage.measure, 300, "default", timeout=280),
    Entry("usage-hours", usage.roll_up, 3600, "default", timeout=1200),
)
