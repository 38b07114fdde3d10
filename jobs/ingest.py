"""Reading facts without end, in slots: a job reads until its slot is over, the next one goes on.

A slot is a job like any other, so a killed worker costs nothing but its unacknowledged
facts, which the live store hands to another after ten seconds. The timetable keeps one
job waiting behind the running one, so that no fact waits for a slot to begin.
"""

import os
import socket
import time

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections

from devices.ingest.recording import record
from devices.live_store import live_store
from outpost.store.contract import Fact, StoreUnavailable

SLOT_SECONDS = 5.0
COUNT = 500  # facts read at once: one transaction
PAUSE = 0.5  # seconds, while MySQL or the live store is away
log = structlog.get_logger(__name__)


def read_slot(seconds: float = SLOT_SECONDS) -> int:
    """Record facts as they come, for so long. Returns how many were kept."""
    reader = _Reader()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        reader.step(left)
    return reader.kept


def read_waiting() -> int:
    """Record what waits now and return. Raises ``StoreUnavailable`` and ``DatabaseError``."""
    kept = 0
    while facts := live_store().read_facts(consumer(), COUNT):
        kept += record(facts).kept
        live_store().acknowledge(facts)
    return kept


def consumer() -> str:
    """This process, as the live store knows it: it tells whose facts were left unacknowledged."""
    return f"{socket.gethostname()}-{os.getpid()}"


class _Reader:
    """Facts read but not yet in MySQL are kept and tried again while the slot lasts."""

    def __init__(self) -> None:
        self.kept = 0
        self._facts: list[Fact] = []

    def step(self, wait: float) -> None:
        """Read, record, acknowledge: in this order, for a crash in between only repeats."""
        try:
            self._facts = self._facts or live_store().read_facts(consumer(), COUNT, block=wait)
            self.kept += record(self._facts).kept
            live_store().acknowledge(self._facts)
            self._facts = []
        except (DatabaseError, InterfaceError, StoreUnavailable) as error:
            log.warning("facts wait", error=type(error).__name__, facts=len(self._facts))
            close_old_connections()
            time.sleep(min(PAUSE, wait))
