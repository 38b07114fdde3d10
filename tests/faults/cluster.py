"""A writer, its replica and the name that leads to the writer: what Aurora is to the console, in processes.

A commit is answered once the replica has it (semi-synchronous, AFTER_SYNC), so that a promoted replica has
whatever was acknowledged, as Aurora's shared storage has. The console's user may not write where
``read_only`` says so; MariaDB's root may.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from tests.endpoint import Endpoint
from tests.replication import Primary, Replica, query
from tests.servers import DATABASE, MariaDB

USER = "aerie@'127.0.0.1'"


class Writer(Primary):
    name = "writer"
    replication = (
        *Primary.replication,
        "--rpl-semi-sync-master-enabled=ON",
        "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
        "--rpl-semi-sync-master-timeout=60000",
    )


class Follower(Replica):
    name = "follower"
    replication = (*Replica.replication, "--rpl-semi-sync-slave-enabled=ON")


class Cluster:
    """Takes the place of ``MariaDB`` in a stack: it has a ``url``."""

    def __init__(self, directory: Path) -> None:
        self.writer, self.follower = Writer(directory), Follower(directory)
        self.endpoint = Endpoint(self.writer.port)

    @property
    def url(self) -> str:
        return f"mysql://aerie@127.0.0.1:{self.endpoint.port}/{DATABASE}"

    @contextlib.contextmanager
    def running(self) -> Iterator["Cluster"]:
        try:
            for server in (self.writer, self.follower):
                server.start()
            self.follower.follow(self.writer)
            _wait(self.writer, "SELECT @@global.rpl_semi_sync_master_enabled")
            for statement in (f"CREATE USER {USER}", f"GRANT ALL ON {DATABASE}.* TO {USER}"):
                query(self.writer, statement)
            with self.endpoint.running():
                yield self
        finally:
            self.writer.kill()
            self.follower.kill()

    def demote(self) -> None:
        """The writer lives on and writes no more; what is under way there ends first."""
        query(self.writer, "SET GLOBAL read_only = 1")

    def promote(self) -> None:
        """The replica applies all that it has, is the writer from now on, and the name leads to it."""
        query(self.follower, "STOP SLAVE IO_THREAD")
        ((position,),) = query(self.follower, "SELECT @@gtid_slave_pos")
        for _look in range(100):
            received = _received(self.follower)
            query(self.follower, f"SELECT MASTER_GTID_WAIT('{received}', 10)")
            ((position,),) = query(self.follower, "SELECT @@gtid_slave_pos")
            if position == received:
                break
            time.sleep(0.05)
        for statement in ("STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = 0"):
            query(self.follower, statement)
        self.endpoint.lead(self.follower.port)


def _received(server: MariaDB) -> str:
    """The last transaction that has arrived, applied or not: Gtid_IO_Pos."""
    (row,) = query(server, "SHOW SLAVE STATUS")
    found = [value for value in row if isinstance(value, str) and value.count("-") == 2 and "," not in value]
    return found[-1] if found else ""


def _wait(server: MariaDB, statement: str) -> None:
    for _look in range(1200):
        if query(server, "SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'")[0][1] != "0":
            return
        time.sleep(0.05)
    raise TimeoutError(statement)
