"""A MariaDB that follows another: what reading from a replica and failing over are tested on."""

import contextlib
from typing import Any, Self

import MySQLdb

from tests.servers import DATABASE, START_TIMEOUT, MariaDB, ServerFailed


class Primary(MariaDB):
    """A MariaDB that a ``Replica`` can follow."""

    name = "primary"
    replication = ("--log-bin", "--server-id=1", "--binlog-format=MIXED", "--sync-binlog=0")


class Replica(MariaDB):
    """A MariaDB that takes over what its primary wrote, by global transaction ids; survives ``kill``."""

    name = "replica"
    replication = ("--skip-log-bin", "--server-id=2", "--read-only", "--relay-log=relay")

    def sql(self, *statements: str) -> None:
        for statement in statements:
            query(self, statement)

    def follow(self, primary: Primary) -> Self:
        """From the primary's first transaction on, and again after every start."""
        place = f"MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='root'"
        self.sql(
            f"CHANGE MASTER TO {place}, MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1", "START SLAVE"
        )
        return self

    def catch_up(self, primary: Primary) -> None:
        """Wait until everything written so far is here."""
        ((position,),) = query(primary, "SELECT @@gtid_binlog_pos")
        ((late,),) = query(self, f"SELECT MASTER_GTID_WAIT('{position}', {START_TIMEOUT:.0f})")
        if late:
            raise ServerFailed("the replica does not catch up")


def query(server: MariaDB, statement: str) -> tuple[tuple[Any, ...], ...]:
    """The rows it answers, as root."""
    connection = MySQLdb.connect(host="127.0.0.1", port=server.port, user="root", db=DATABASE)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        rows = tuple(cursor.fetchall())
        connection.commit()
        return rows
