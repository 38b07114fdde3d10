"""haproxy as the balancers of production: TLS for the console ends in it, the outposts' goes through it.

It asks each instance at /readyz, sends nobody to one that is not ready, and asks another one when an
instance broke off without an answer. Who is behind it is said while it runs, as a target group is told.
"""

import contextlib
import csv
import io
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.outpost.certificates import Authority
from tests.servers import free_port

PLACES = 12  # instances that one may have behind it, one after the other
BACKENDS = ("console", "outpost")
CONFIGURATION = """
global
    maxconn 7000
    stats socket {socket} level admin
defaults
    timeout connect 2s
    timeout check 5s
    option redispatch 1
    retries 3
    balance leastconn
    default-server check inter 500ms fall 2 rise 1 observe layer4 error-limit 2 on-error mark-down
frontend visitors
    mode http
    timeout client 75s
    timeout http-keep-alive 60s
    option forwardfor
    bind 127.0.0.1:{console} ssl crt {certificate}
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Request-ID %[uuid()]
    default_backend console
backend console
    mode http
    timeout server {patience}
    option http-buffer-request
    retry-on conn-failure empty-response response-timeout
    http-reuse safe
    option httpchk GET /readyz
    server-template console 1-{places} 127.0.0.1:8000 disabled
listen outpost
    mode tcp
    timeout client 10m
    timeout server 10m
    bind 127.0.0.1:{outpost}
    option httpchk GET /readyz
    server-template outpost 1-{places} 127.0.0.1:15002 port 15003 disabled
"""


class Balancer:
    """``put`` instances behind it and ``take`` them; addresses are those of machines."""

    def __init__(self, directory: Path, authority: Authority, patience: str = "30s") -> None:
        self.console, self.outpost = free_port(), free_port()
        self._socket = directory / "balancer.sock"
        self._file = directory / "balancer.cfg"
        certificate, key = authority.issue(["console"], stem="console")
        both = directory / "console-both.pem"
        both.write_text(certificate.read_text() + key.read_text())
        self._file.write_text(
            CONFIGURATION.format(
                socket=self._socket,
                certificate=both,
                console=self.console,
                outpost=self.outpost,
                places=PLACES,
                patience=patience,
            )
        )
        self._places: dict[str, int] = {}
        self._free = iter(range(1, PLACES + 1))

    @property
    def url(self) -> str:
        return f"https://localhost:{self.console}"

    @property
    def outpost_url(self) -> str:
        return f"wss://localhost:{self.outpost}/"

    @contextlib.contextmanager
    def running(self) -> Iterator["Balancer"]:
        program = shutil.which("haproxy", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/bin")
        assert program, "haproxy is not installed; `make ops-test` installs it."
        process = subprocess.Popen([program, "-db", "-q", "-f", str(self._file)], stdin=subprocess.DEVNULL)
        try:
            yield self
        finally:
            process.kill()
            process.wait()

    def put(self, address: str) -> None:
        """Send it visitors and access points from its first good answer on."""
        place = self._places[address] = next(self._free)
        for backend in BACKENDS:
            server = f"{backend}/{backend}{place}"
            port = 8000 if backend == "console" else 15002
            self._say(f"set server {server} addr {address} port {port}")
            self._say(f"set server {server} health down")
            self._say(f"set server {server} state ready")

    def take(self, address: str) -> None:
        """It is gone."""
        place = self._places.pop(address)
        for backend in BACKENDS:
            self._say(f"set server {backend}/{backend}{place} state maint")

    def is_up(self, address: str) -> bool:
        """Whether it is sent both visitors and access points."""
        place = self._places[address]
        shown = self.figures()
        return all(shown[f"{backend}{place}"]["status"].startswith("UP") for backend in BACKENDS)

    def sessions(self, backend: str, addresses: Iterable[str]) -> int:
        """How many there are now to the instances at these addresses."""
        shown = self.figures()
        return sum(int(shown[f"{backend}{self._places[address]}"]["scur"]) for address in addresses)

    def figures(self) -> dict[str, dict[str, str]]:
        """By server, and by BACKEND of each kind: what haproxy counts, under its own names."""
        told = self._say("show stat").lstrip("# ")
        rows = csv.DictReader(io.StringIO(told))
        return {row["svname"] if row["svname"] != "BACKEND" else row["pxname"]: row for row in rows}

    def _say(self, words: str) -> str:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return self._ask(words)
            assert time.monotonic() < deadline, "haproxy does not run"
            time.sleep(0.05)

    def _ask(self, words: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self._socket))
            connection.sendall(f"{words}\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        if not words.startswith("show"):
            # What it changed it tells in words, an error in others.
            assert not any(word in answer.lower() for word in ("require", "no such", "unknown", "invalid")), (
                answer
            )
        return answer
