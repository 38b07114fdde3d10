"""Facts, read without end by a process of its own (``manage.py read_facts``) and written into MySQL.

Not a job: the facts are a queue themselves, the live store's, and one that never ends. Any number of
readers share it. What a killed one did not acknowledge goes to another after ten seconds.
"""

import os
import socket
import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections

from devices.ingest.recording import record
from devices.live_store import live_store
from devices.replica import watching_writes
from devices.skew import SKEW
from outpost.store.contract import Fact, StoreUnavailable

COUNT = 500  # facts read at once: one transaction
BLOCK = 1.0  # seconds a read waits for the first fact, and SIGTERM for the read
PAUSE = 0.5  # seconds, while MySQL or the live store is away
log = structlog.get_logger(__name__)


def read(stopped: Callable[[], bool], alive: Callable[[], None] = lambda: None) -> int:
    """Record facts as they come, until told to stop; what was read then is finished. Returns how many.

    ``alive`` is called before each step.
    """
    reader = _Reader()
    while not stopped():
        alive()
        reader.step()
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
    """Facts read but not yet in MySQL are kept and tried again."""

    def __init__(self) -> None:
        self.kept = 0
        self._facts: list[Fact] = []

    def step(self) -> None:
        """Read, record, acknowledge: in this order, for a crash in between only repeats."""
        if SKEW.is_wrong():  # others read them
            time.sleep(PAUSE)
            return
        try:
            self._facts = self._facts or live_store().read_facts(consumer(), COUNT, block=BLOCK)
            if self._facts:
                self._record()
        except (DatabaseError, InterfaceError, StoreUnavailable) as error:
            log.warning("facts wait", error=type(error).__name__, facts=len(self._facts))
            time.sleep(PAUSE)

    def _record(self) -> None:
        """As in a request, MySQL connections that were closed at the other end are dropped first."""
        close_old_connections()
        with watching_writes():
            self.kept += record(self._facts).kept
        live_store().acknowledge(self._facts)
        self._facts = []
