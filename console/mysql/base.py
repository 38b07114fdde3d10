"""A connection to whichever server is the writer now. (Django asks for this module by its name.)

Its address is a name that leads somewhere else after a fail-over. A connection from before still
works, on a server that may not write any more: so each is asked whether it may before it is used
again, and so is every new one. Never reading from a demoted server keeps anybody from being shown,
and workers from publishing, what was true before.
"""

import contextlib
import os
import socket
from types import TracebackType
from typing import Any

from django.db.backends.mysql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from MySQLdb.constants import ER

from devices import faults

# Aurora's readers say innodb_read_only, all others read_only; MySQL and MariaDB know both.
_MAY_WRITE = "SELECT NOT (@@global.read_only OR @@global.innodb_read_only)"
# A host that vanished is noticed after so many seconds, and no long query is cut for it: the kernel of a
# host that lives answers the probes while its MySQL still works.
_IDLE, _BETWEEN, _PROBES = 3, 2, 2
_UNANSWERED = 6_000  # milliseconds what was sent may stay without an answer of the other kernel

# What later MySQL calls a server that may not write.
_READ_ONLY = (ER.OPTION_PREVENTS_STATEMENT, "The server does not write: it is no writer, or none any more")


class _Noticing(DatabaseErrorWrapper):
    """Notes on the connection what passes, whatever becomes of the exception above."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        except Exception as raised:
            self.wrapper.passing_faults += faults.is_passing(raised)
            self.wrapper.losses += faults.is_lost(raised)
            raise


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """``passing_faults`` counts the errors after which the work would have to be done again.

    ``losses`` counts those of them that are about the server, rather than about its locks.
    """

    passing_faults = 0
    losses = 0

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return _Noticing(self)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        try:
            _keep_alive(connection.fileno())
            if not _may_write(connection):
                raise self.Database.OperationalError(*_READ_ONLY)
        except BaseException:
            connection.close()
            raise
        return connection

    def is_usable(self) -> bool:
        """In place of Django's ping: as many round trips, and it knows of a demoted writer."""
        try:
            return _may_write(self.connection)
        except self.Database.Error:
            return False


def _may_write(connection: Any) -> bool:
    connection.query(_MAY_WRITE)
    ((answer,),) = connection.store_result().fetch_row(0)
    return bool(int(answer))


def _keep_alive(descriptor: int) -> None:
    """Not for a socket in the file system; and where the system lacks an option, without it."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as ours:
        if ours.family == socket.AF_UNIX:
            return
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", _IDLE),
            ("TCP_KEEPINTVL", _BETWEEN),
            ("TCP_KEEPCNT", _PROBES),
            ("TCP_USER_TIMEOUT", _UNANSWERED),
        ):
            ours.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
