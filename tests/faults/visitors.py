"""Visitors of a console, and a balancer before several: who must not notice that an instance goes."""

import csv
import http.client
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from tests.servers import free_port
from tests.stack import answers, wait_for

PAGES = ("/account/login/", "/livez", "/static/vendor/bootstrap-icons/icons.svg")


class Visitors:
    """Threads that ask for pages one after the other; ``kept`` on one connection each, as browsers do."""

    def __init__(self, port: int, count: int = 8, kept: bool = True) -> None:
        self._port, self._kept = port, kept
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=[n], daemon=True) for n in range(count)]
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        wait_for(lambda: self.total > 50, 120)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self) -> int:
        return sum(self.answers.values())

    @property
    def failed(self) -> dict[str, int]:
        return {words: count for words, count in self.answers.items() if words != "200"}

    def more(self, count: int = 200, timeout: float = 120) -> None:
        """Wait until they were answered so often again."""
        enough = self.total + count
        wait_for(lambda: self.total >= enough, timeout)

    def _visit(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with closing(connection):
            while not self._over.is_set():
                number += 1
                self.answers[self._ask(connection, PAGES[number % len(PAGES)])] += 1
                if not self._kept:
                    connection.close()

    def _ask(self, connection: http.client.HTTPConnection, page: str) -> str:
        try:
            connection.request("GET", page)
            answer = connection.getresponse()
            answer.read()
            return str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return f"{type(error).__name__} {error}"


CONFIGURATION = """
global
    maxconn 2000
    stats socket {socket}
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout check 30s
    option http-keep-alive
    option redispatch
frontend visitors
    bind 127.0.0.1:{port}
    default_backend consoles
backend consoles
    option httpchk GET /readyz
    http-reuse safe
    default-server check inter 200ms fall 2 rise 1
"""


class Balancer:
    """At ``port``."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.socket = directory / "haproxy.sock"

    def wait_until_out(self, index: int) -> None:
        """It has seen that this one is not ready and gives it nothing more: what an instance waits for.

        Not ready is one thing, seen to be so another: a check now and then, and twice, takes its time.
        """
        wait_for(lambda: self._state(index).startswith("DOWN"), 120)

    def _state(self, index: int) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.connect(str(self.socket))
            asking.sendall(b"show stat -1 4 -1\n")
            told = asking.makefile().read().removeprefix("# ").splitlines()
        rows = [row for row in csv.DictReader(told) if row["svname"] == f"console{index}"]
        return rows[0]["status"]


@contextmanager
def balancer(directory: Path, *ports: int) -> Iterator[Balancer]:
    """haproxy before consoles at these ports, taking out who is not ready."""
    front = Balancer(directory)
    lines = [f"    server console{index} 127.0.0.1:{each}" for index, each in enumerate(ports)]
    file = directory / "haproxy.cfg"
    file.write_text(CONFIGURATION.format(port=front.port, socket=front.socket) + "\n".join(lines) + "\n")
    process = subprocess.Popen(["haproxy", "-f", str(file)], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{front.port}/livez"), 60)
        yield front
    finally:
        process.terminate()
        process.wait()
