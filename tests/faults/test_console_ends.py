"""A console that is stopped, restarted or stuck: visitors notice nothing, or not for long."""

import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import MySQLdb
import pytest

from tests.faults.supervision import Supervised
from tests.faults.visitors import Visitors, balancer
from tests.night.chaos import local_ports
from tests.servers import free_port
from tests.stack import Stack, answers, running_stack, wait_for

pytestmark = pytest.mark.timeout(400)
Note = Callable[..., None]
CONSOLE = [sys.executable, "-m", "gunicorn", "-c", "python:console.serving", "console.wsgi:application"]
WATCHDOG = 10.0  # seconds; the unit has 60
FORM = (
    b"POST /account/login/ HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 6000\r\n\r\nlogin="
)
PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid=nobodys-session\r\n\r\n"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Of which the console alone is not started: each test starts its own."""
    with running_stack(3) as stack:
        stack.kill("console")
        yield stack


def environment(stack: Stack, port: int, **variables: str) -> dict[str, str]:
    return stack.environment | {"CONSOLE_LISTEN": f"127.0.0.1:{port}", "CONSOLE_WORKERS": "2"} | variables


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """What console.socket holds."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        yield listening


@pytest.fixture
def activated(stack: Stack, listener: socket.socket, tmp_path: Path) -> Iterator[Supervised]:
    """A console behind a socket unit, ready."""
    variables = environment(stack, 1, CONSOLE_THREADS="2", CONSOLE_STUCK_SECONDS="3")
    with Supervised(CONSOLE, variables, tmp_path, WATCHDOG, listener) as console:
        console.wait_until_ready()
        yield console


def test_stopped_behind_a_balancer_that_was_told_first_no_visit_fails(
    stack: Stack, tmp_path: Path, measured: Note
) -> None:
    ports, drain = (free_port(), free_port()), tmp_path / "drain"
    first = environment(stack, ports[0], DRAIN_FILE=str(drain))
    (tmp_path / "other").mkdir()
    with (
        Supervised(CONSOLE, first, tmp_path) as leaving,
        Supervised(CONSOLE, environment(stack, ports[1]), tmp_path / "other") as staying,
    ):
        leaving.wait_until_ready()
        staying.wait_until_ready()
        with balancer(tmp_path, *ports) as front, Visitors(front.port) as visitors:
            drain.touch()
            front.wait_until_out(0)
            began = time.monotonic()
            leaving.stop()
            took = time.monotonic() - began
            visitors.more()
    measured(sum(visitors.failed.values()), "visits failed", of=visitors.total)
    measured(took, "s from SIGTERM to the end")
    assert visitors.failed == {}


def test_while_it_drains_clients_are_told_to_leave_their_connection(stack: Stack, tmp_path: Path) -> None:
    port, drain = free_port(), tmp_path / "drain"
    with Supervised(CONSOLE, environment(stack, port, DRAIN_FILE=str(drain)), tmp_path) as console:
        console.wait_until_ready()
        assert not closes(port)
        drain.touch()
        wait_for(lambda: closes(port), 60)


def closes(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as visitor:
        visitor.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return b"\r\nConnection: close\r\n" in visitor.recv(4096)


def test_restarted_behind_its_socket_no_visit_fails(
    activated: Supervised, listener: socket.socket, measured: Note
) -> None:
    with Visitors(listener.getsockname()[1], kept=False) as visitors:
        activated.restart()
        activated.wait_until_ready(starts=2)
        visitors.more()
    measured(sum(visitors.failed.values()), "visits failed", of=visitors.total)
    assert visitors.failed == {}
    assert activated.said.count("STOPPING=1") == 1


def test_it_is_ready_only_when_it_answers(activated: Supervised) -> None:
    assert activated.said[:2] == ["WATCHDOG=1", "READY=1"]


def test_all_frozen_it_is_restarted_within_twice_the_watchdog(
    activated: Supervised, listener: socket.socket, measured: Note
) -> None:
    """SIGSTOP stands for whatever keeps every process from going on; gunicorn's own limit is 30 s."""
    frozen = activated.clock
    for pid in activated.children():
        os.kill(pid, signal.SIGSTOP)
    measured(back(listener), f"s until it answered again, with a watchdog of {WATCHDOG:g} s")
    assert activated.watchdog_kills == 1
    assert activated.started_at - frozen < 2 * WATCHDOG


def test_every_thread_stuck_each_worker_ends_itself_and_says_where(
    stack: Stack, activated: Supervised, listener: socket.socket
) -> None:
    with locked_sessions(stack), held(listener, 40):
        wait_for(lambda: not answers(url(listener)), 60)
        back(listener)
    assert "a console worker is stuck and ends itself" in activated.log.read_text()


def test_slow_visitors_in_every_thread_lose_neither_the_console_nor_their_requests(
    activated: Supervised, listener: socket.socket
) -> None:
    """For longer than the watchdog, and than a thread may be stuck; slow, and not too slow."""
    before = activated.starts, activated.children()
    with held(listener, 4, FORM) as visitors:
        for _ in range(int(4.8 * WATCHDOG)):
            time.sleep(0.25)
            for visitor in visitors:
                visitor.sendall(b"x" * 100)
        for visitor in visitors:
            visitor.sendall(b"x" * 2000)
        assert {visitor.recv(12)[9:] for visitor in visitors} == {b"403"}  # answered: the form has no token
    assert (activated.starts, activated.children()) == before


def test_half_a_form_is_not_taken_for_a_whole_one(activated: Supervised, listener: socket.socket) -> None:
    with held(listener, 1, FORM) as (visitor,):
        visitor.shutdown(socket.SHUT_WR)
        assert visitor.recv(12) == b"HTTP/1.1 400"


def test_one_of_two_workers_stuck_is_replaced_and_the_other_stays(
    stack: Stack, listener: socket.socket, tmp_path: Path
) -> None:
    variables = environment(stack, 1, CONSOLE_THREADS="2", CONSOLE_STUCK_SECONDS="2")
    with Supervised(CONSOLE, variables, tmp_path, 4 * WATCHDOG, listener) as console:
        console.wait_until_ready()
        wait_for(lambda: len(console.children()) == 2, 60)
        before = set(console.children())
        with locked_sessions(stack), stuck_worker(console, listener) as pid:
            wait_for(lambda: pid not in console.children(), 60, console.log.read_text)
            wait_for(lambda: len(console.children()) == 2, 60)
        assert (console.watchdog_kills, console.starts) == (0, 1)
        assert before - {pid} <= set(console.children())


def back(listener: socket.socket) -> float:
    """Seconds until somebody answers there again."""
    began = time.monotonic()
    wait_for(lambda: answers(url(listener)), 60)
    return time.monotonic() - began


def url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/livez"


@contextmanager
def locked_sessions(stack: Stack) -> Iterator[None]:
    """Whoever comes with a session waits in a call into C, which nothing but MySQL ends."""
    address = urlsplit(stack.database.url)
    with closing(
        MySQLdb.connect(
            host=address.hostname,
            port=address.port,
            user=address.username,
            password=address.password or "",
            database=address.path[1:],
        )
    ) as connection:
        connection.query("LOCK TABLES django_session WRITE")
        yield


@contextmanager
def held(listener: socket.socket, count: int, words: bytes = PAGE) -> Iterator[list[socket.socket]]:
    """So many visitors, each of whom keeps a thread."""
    with ExitStack() as open_ones:
        visitors = []
        for _ in range(count):
            visitors.append(open_ones.enter_context(socket.create_connection(listener.getsockname())))
            visitors[-1].sendall(words)
        yield visitors


@contextmanager
def stuck_worker(console: Supervised, listener: socket.socket) -> Iterator[int]:
    """All threads of one worker are kept, while the other could not take a connection; yields its number."""
    stuck, other = console.children()
    os.kill(other, signal.SIGSTOP)
    wait_for(lambda: answers(url(listener)), 60)
    with held(listener, 6):
        port = listener.getsockname()[1]
        wait_for(lambda: Counter(local_ports(stuck))[port] >= 1 + 6, 60)  # its own, and those it has taken
        os.kill(other, signal.SIGCONT)
        yield stuck
