"""A database full of odd values on a real server with a replica, and another one to restore into."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Event, Thread
from typing import Any

import MySQLdb
from django.db import connections

from devices.backups.clients import Settings
from tests.devices.twins import Twins, twins

_numbers = count(1)
ODD = """
CREATE TABLE odd (id BIGINT PRIMARY KEY, bytes LONGBLOB, words LONGTEXT, tree JSON, at DATETIME(6),
  amount DECIMAL(20, 6), real_number DOUBLE, yes BOOL, day DATE, span TIME(6)) CHARACTER SET utf8mb4
"""
VALUES: list[tuple[Any, ...]] = [
    (1, bytes(range(256)), "plain", '{"a": [1, null, "é"]}', "2026-03-29 01:59:59.999999", "1.000001", 0.1, 1,
     "2024-02-29", "12:34:56.000001"),
    (2, None, None, None, None, None, None, None, None, None),
    (3, b"", "", "{}", "1000-01-01 00:00:00.000000", "-99999999999999.999999", -1e300, 0,
     "9999-12-31", "0:0"),
    (4, b"'),('\\\n\r\0\x1a", "it's \"quoted\" \\ ),( `x` \n\t\r\x1a;-- no", '"\\"),(\'"', None, None, 5e-324,
     None, None, None),
    (5, b"\xff\xfe", "日本語 🛜 e\u0301 \u202e", '["🛜"]', "2026-11-21 05:00:00.000001", "0",
     3.141592653589793, 1, "2026-11-21", "23:59:59"),
]  # fmt: skip


@dataclass
class Safe:
    twins: Twins

    @property
    def database(self) -> Settings:
        return connections.databases["default"]

    def empty(self) -> Settings:
        """A new database beside the other."""
        name = f"restored_{next(_numbers)}"
        self.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return self.database | {"NAME": name}

    def url(self, database: Settings) -> str:
        return f"mysql://root@127.0.0.1:{database['PORT']}/{database['NAME']}"

    def sql(self, statement: str, *parameters: Any) -> tuple[tuple[Any, ...], ...]:
        with connections["default"].cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return tuple(cursor.fetchall())

    def content(self, database: Settings) -> dict[str, list[Any]]:
        """Every row of every table, as bytes come from the server."""
        name = database["NAME"]
        tables = [table for (table,) in self.sql(f"SHOW TABLES FROM {name}")]
        return {table: sorted(map(repr, self.sql(f"SELECT * FROM {name}.`{table}`"))) for table in tables}

    def structure(self, database: Settings) -> dict[str, str]:
        name = database["NAME"]
        tables = [table for (table,) in self.sql(f"SHOW TABLES FROM {name}")]
        return {table: self.sql(f"SHOW CREATE TABLE {name}.`{table}`")[0][1] for table in tables}


@contextmanager
def safe() -> Iterator[Safe]:
    with twins() as both:
        made = Safe(both)
        made.sql(ODD)
        made.sql("CREATE TABLE purse_a (id BIGINT PRIMARY KEY AUTO_INCREMENT, amount BIGINT)")
        made.sql("CREATE TABLE purse_z (id BIGINT PRIMARY KEY AUTO_INCREMENT, amount BIGINT)")
        made.sql("CREATE TABLE quiet (id BIGINT PRIMARY KEY)")
        for row in VALUES:
            made.sql(f"INSERT INTO odd VALUES ({', '.join(['%s'] * len(row))})", *row)
        yield made


class Writers:
    """Move amounts between two purses, so that only a single moment's picture of both adds up to nothing."""

    def __init__(self, database: Settings) -> None:
        self._database = database
        self._stop = Event()
        self.transfers = 0
        self._thread = Thread(target=self._write)

    def __enter__(self) -> "Writers":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def write_on(self) -> None:
        """Wait for one more transfer. Fails when none comes within a minute."""
        before, deadline = self.transfers, time.monotonic() + 60
        while self.transfers == before:
            assert time.monotonic() < deadline, "the writer waits"
            time.sleep(0.001)

    def _write(self) -> None:
        connection = MySQLdb.connect(
            host="127.0.0.1", port=self._database["PORT"], user="root", db=self._database["NAME"]
        )
        cursor = connection.cursor()
        while not self._stop.is_set():
            cursor.execute("INSERT INTO purse_a (amount) VALUES (%s)", [self.transfers])
            cursor.execute("INSERT INTO purse_z (amount) VALUES (%s)", [-self.transfers])
            connection.commit()
            self.transfers += 1
        connection.close()
