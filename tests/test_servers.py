"""The private servers: what they lose and keep when killed, and that none outlives its run."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import MySQLdb
import pytest
import redis

from tests.servers import MariaDB, Redis, free_port

Run = tuple["subprocess.Popen[str]", list[int]]


@pytest.fixture
def run() -> Iterator[Run]:
    """A run whose command names the servers' ports and then waits to be told to stop."""
    script = 'echo "$DATABASE_URL $REDIS_URL $AWS_ENDPOINT_URL"; exec sleep 600'
    command = [sys.executable, "-m", "tests.servers", "--", "sh", "-c", script]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_heed_ctrl_c
    ) as process:
        assert process.stdout
        yield process, [int(port) for port in re.findall(r":(\d+)", process.stdout.readline())]
        process.kill()


def _heed_ctrl_c() -> None:
    """Who was started in the background by a script ignores it, and all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def is_closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def wait_until_closed(ports: list[int]) -> bool:
    deadline = time.monotonic() + 60
    while not all(map(is_closed, ports)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return all(map(is_closed, ports))


def test_a_port_is_named_once() -> None:
    """Nobody else gets it before whoever asked has taken it."""
    assert len({free_port() for _ in range(500)}) == 500


def test_a_killed_redis_comes_back_empty_on_the_same_port() -> None:
    with Redis.private() as server, redis.Redis.from_url(server.url) as client:
        client.set("name", "Lento")
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.get("name")
        server.start()
        assert client.get("name") is None


def test_a_killed_mariadb_comes_back_with_what_was_committed() -> None:
    with MariaDB.private() as server:
        _ask(server, "CREATE TABLE cafe (name VARCHAR(9))")
        _ask(server, "INSERT INTO cafe VALUES ('Lento')")
        server.kill()
        server.start()
        assert _ask(server, "SELECT name FROM cafe") == (("Lento",),)


def _ask(server: MariaDB, statement: str) -> object:
    client = MySQLdb.connect(host="127.0.0.1", port=server.port, user="root", db="aerie", autocommit=True)
    try:
        client.query(statement)
        result = client.store_result()
        return result.fetch_row(0) if result else None
    finally:
        client.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_told_to_stop_stops_its_servers(run: Run, number: signal.Signals) -> None:
    process, ports = run
    assert len(ports) == 3
    os.killpg(process.pid, number)  # as a terminal's Ctrl-C and a service manager's stop do
    assert process.wait(60) == 128 + number
    assert wait_until_closed(ports)


def test_a_run_killed_outright_takes_its_servers_along(run: Run) -> None:
    process, ports = run
    assert len(ports) == 3
    assert not any(map(is_closed, ports))
    process.kill()
    assert wait_until_closed(ports)


def test_the_exit_code_is_the_command_s() -> None:
    command = [sys.executable, "-m", "tests.servers", "--", "sh", "-c", "exit 7"]
    assert subprocess.run(command, check=False).returncode == 7
