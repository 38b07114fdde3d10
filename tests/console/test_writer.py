"""The database's backend knows a server that may not write, however well it answers."""

import os
import socket
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection

from console.databases import configure
from console.mysql.base import DatabaseWrapper
from tests.replication import query
from tests.servers import MariaDB
from tests.stack import wait_for


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    with MariaDB.private() as running:
        yield running


@pytest.fixture
def wrapper(db: None, server: MariaDB) -> Iterator[DatabaseWrapper]:
    query(server, "SET GLOBAL read_only = 0")
    settings = connection.settings_dict | {"PORT": server.port, "NAME": "aerie"}
    wrapper = DatabaseWrapper(settings, "default")
    yield wrapper
    wrapper.close()


def test_a_connection_to_a_demoted_writer_is_of_no_use(server: MariaDB, wrapper: DatabaseWrapper) -> None:
    wrapper.ensure_connection()
    assert wrapper.is_usable()
    query(server, "SET GLOBAL read_only = 1")
    assert not wrapper.is_usable()


def test_none_is_opened_to_one_either_and_the_fault_is_counted(
    server: MariaDB, wrapper: DatabaseWrapper
) -> None:
    query(server, "SET GLOBAL read_only = 1")
    with pytest.raises(OperationalError) as refused:
        wrapper.ensure_connection()
    assert refused.value.args[0] == 1290
    assert wrapper.passing_faults == 1
    query(server, "SET GLOBAL read_only = 0")
    wrapper.ensure_connection()


def test_errors_of_the_data_are_no_faults_that_pass(wrapper: DatabaseWrapper) -> None:
    with pytest.raises(OperationalError), wrapper.cursor() as cursor:
        cursor.execute("SELECT no_such_column FROM information_schema.tables")
    assert wrapper.passing_faults == 0


def test_a_host_that_vanished_is_noticed_within_seconds(wrapper: DatabaseWrapper) -> None:
    wrapper.ensure_connection()
    with socket.socket(fileno=os.dup(wrapper.connection.fileno())) as ours:
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 6000


def test_the_replica_is_asked_though_it_only_reads() -> None:
    databases = configure("mysql://a@one/aerie", "mysql://a@two/aerie")
    assert databases["default"]["ENGINE"] == databases["counting"]["ENGINE"] == "console.mysql"
    assert databases["replica"]["ENGINE"] == "django.db.backends.mysql"
    assert "counting" not in configure("sqlite:////x", "")


def test_a_connection_that_says_nothing_is_ended_with_its_locks_and_replaced(
    server: MariaDB, db: None
) -> None:
    told = configure(server.url, "", idle_seconds=3)["default"]
    wrapper = DatabaseWrapper(connection.settings_dict | told, "default")
    wrapper.ensure_connection()
    ours = f"SELECT 1 FROM information_schema.processlist WHERE id = {wrapper.connection.thread_id()}"
    assert query(server, ours)
    wait_for(lambda: not query(server, ours), 60)  # by the server's own clock
    assert not wrapper.is_usable()
    wrapper.close()
