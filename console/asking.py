"""The database as a balancer asks after it: on one connection of this process's own, within seconds.

A visitor waits for MySQL through a fail-over; who asks how things are now has given up by then. A request's
connection cannot be hurried, so that this one is another, with limits of its own.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error

LIMIT = 1  # seconds (MySQL knows whole ones): to connect, to be greeted, for each answer, for one's turn


class Own:
    """The connection, made when first used and again after a fault; one thread at a time has it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._connection: BaseDatabaseWrapper | None = None

    @contextmanager
    def connection(self) -> Iterator[BaseDatabaseWrapper]:
        """To the writer: at most a second for one's turn, one to find the old one useless, one to connect.

        Raises ``OperationalError`` when it is not one's turn in time, and what Django's connections raise.
        """
        if not self._turn.acquire(timeout=LIMIT):
            raise OperationalError("Who asked before has no answer yet")
        try:
            yield self._usable()
        except Error:
            self._forget()
            raise
        finally:
            self._turn.release()

    def close(self) -> None:
        """The next one is made from what the settings say then."""
        with self._turn:
            self._forget()

    def _usable(self) -> BaseDatabaseWrapper:
        if self._connection is None:
            self._connection = _hurried(connection)
        self._connection.close_if_unusable_or_obsolete()
        return self._connection

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _hurried(usual: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    own = usual.copy()
    own.inc_thread_sharing()
    if own.vendor == "mysql":
        limits = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), LIMIT)
        own.settings_dict["OPTIONS"] = own.settings_dict["OPTIONS"] | limits
    return own


OWN = Own()
