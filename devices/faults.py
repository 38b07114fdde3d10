"""Errors of MySQL that pass: the same work, done again from its start, would do.

Codes are of the servers' and the client's error lists (MySQL 8, MariaDB 10.11).
"""

from django.db.utils import Error, InterfaceError, OperationalError

# ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK and MariaDB's ER_CHECKREAD: nothing else is wrong.
LOCKS = frozenset({1205, 1213, 1020})
# The server we are on may not write (any more): a demoted writer, or one that was never one.
READ_ONLY = frozenset({1290, 1792, 1836, 3100})
# No connection, or none any more: refused, unknown host, gone, lost, being shut down, killed, too many.
LOST = frozenset(
    {2002, 2003, 2005, 2006, 2012, 2013, 2026, 2055}
    | {1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1927, 3169, 4031}
)
AWAY = READ_ONLY | LOST


def code(error: BaseException) -> int | None:
    """MySQL's number of it. A connection that was closed under its user says 0, which is one lost."""
    number = error.args[0] if error.args else None
    if isinstance(error, InterfaceError) and number in (0, None):
        return 2006
    return number if isinstance(number, int) else None


def is_lost(error: BaseException) -> bool:
    """Whether its connection is of no use any more: another server must be asked."""
    return isinstance(error, Error) and code(error) in AWAY


def is_passing(error: BaseException) -> bool:
    """Whether the whole of it may be done again."""
    if isinstance(error, OperationalError) and "database is locked" in str(error):
        return True  # SQLite's word for it
    return isinstance(error, Error) and code(error) in LOCKS | AWAY
