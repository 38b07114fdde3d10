"""Whole transactions that may run again: MySQL ends one of two that deadlock, and expects it back."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import connection, transaction
from django.db.utils import Error, InterfaceError, OperationalError

from devices import faults

log = logging.getLogger(__name__)
T = TypeVar("T")

ATTEMPTS = 5
PATIENCE = 12.0  # seconds: less than a task's lease
PAUSE = 0.2  # seconds between two looks for a writer

# Operational errors that are about the data after all: packet too large, and MySQL's of invalid JSON.
ABOUT_DATA = frozenset({1153, 3140, 3141, 3144})


def run_transaction(work: Callable[[], T]) -> T:
    """Run ``work`` in a transaction of its own, again from its start when locks got in its way.

    So too when the connection was lost before anything was committed; where it was lost in the commit
    nobody knows, and the error goes to the caller. ``work`` must be idempotent and keep nothing from an
    attempt that failed. Inside another transaction it runs once, for a deadlock there has rolled back
    the caller's part as well, and whoever began that one may begin again.
    """
    for attempt in range(1, 1 if connection.in_atomic_block else ATTEMPTS):
        at_work = True
        try:
            with transaction.atomic():
                result = work()
                at_work = False
            return result
        except (OperationalError, InterfaceError) as error:
            if not (lost_to_locks(error) or (at_work and faults.is_lost(error))):
                raise
            log.info("Transaction of %s met %s; attempt %d", work, faults.code(error), attempt)
            time.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311 - only to drift apart
            connection.close_if_unusable_or_obsolete()
    with transaction.atomic():
        return work()


def patiently(write: Callable[[], T]) -> T:
    """``write``, again until a writer takes it; a fail-over's time at most, then its error is raised.

    It must bear being done twice: the answer to a commit may be what was lost.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return write()
        except Error as error:
            if not faults.is_lost(error) or connection.in_atomic_block or time.monotonic() > until:
                raise
        time.sleep(PAUSE)
        connection.close_if_unusable_or_obsolete()


def lost_to_locks(error: Error) -> bool:
    """Whether the same transaction would do if it ran again, on the same server."""
    return faults.is_passing(error) and not faults.is_lost(error)


def is_away(error: Exception) -> bool:
    """Whether the database could not do it now, rather than not do it with this data."""
    if isinstance(error, OperationalError):
        return not error.args or error.args[0] not in ABOUT_DATA
    return isinstance(error, InterfaceError)
