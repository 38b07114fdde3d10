"""Whole transactions that may run again: MySQL ends one of two that deadlock, and expects it back."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import connection, transaction
from django.db.utils import DatabaseError, InterfaceError, OperationalError

log = logging.getLogger(__name__)
T = TypeVar("T")

ATTEMPTS = 5
# ER_LOCK_WAIT_TIMEOUT and ER_LOCK_DEADLOCK: MySQL rolled everything back, nothing else is wrong.
AGAIN = frozenset({1205, 1213})

# Operational errors that are about the data after all: packet too large, and MySQL's of invalid JSON.
ABOUT_DATA = frozenset({1153, 3140, 3141, 3144})


def run_transaction(work: Callable[[], T]) -> T:
    """Run ``work`` in a transaction of its own, again from its start when locks got in its way.

    ``work`` must be idempotent and keep nothing from an attempt that failed. Inside another
    transaction it runs once, for a deadlock there has rolled back the caller's part as well.
    """
    for attempt in range(1, 1 if connection.in_atomic_block else ATTEMPTS):
        try:
            with transaction.atomic():
                return work()
        except OperationalError as error:
            if not lost_to_locks(error):
                raise
            log.info("Transaction of %s met a lock; attempt %d", work, attempt)
            time.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311 - only to drift apart
    with transaction.atomic():
        return work()


def lost_to_locks(error: DatabaseError) -> bool:
    """Whether the same transaction would do if it ran again."""
    code = error.args[0] if error.args else None
    return code in AGAIN or "database is locked" in str(error)


def is_away(error: Exception) -> bool:
    """Whether the database could not do it now, rather than not do it with this data."""
    if isinstance(error, OperationalError):
        return not error.args or error.args[0] not in ABOUT_DATA
    return isinstance(error, InterfaceError)
