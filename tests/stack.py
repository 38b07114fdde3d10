"""The whole product as real processes among private servers: what fault and end-to-end tests kill.

Nothing is shared with the test's own process: it looks at the stack as a
customer does (HTTP) and as access points do (WebSocket).
"""

import base64
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import mechanicalsoup
import requests

from console.demo.processes import Process
from tests.servers import MariaDB, Redis, free_port, temporary_directory

ROOT = Path(__file__).resolve().parents[1]
LOGIN, PASSWORD = "demo@aerie.example", "slow coffee, fast wifi"
FIRST_SERIAL = "02ae21e00001"


class Stack:
    """Processes by name (console, critical, default, reports, facts, scheduler, outpost), and redis."""

    def __init__(self, directory: Path, database: MariaDB, redis: Redis, **variables: str) -> None:
        self.directory, self.database, self.redis = directory, database, redis
        self.port, self.outpost_port, self.admin_port = free_port(), free_port(), free_port()
        self.environment = os.environ | self._variables() | variables
        self.processes = {name: self._process(name, words) for name, words in self._commands().items()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def outpost_url(self) -> str:
        return f"ws://127.0.0.1:{self.outpost_port}"

    def manage(self, *words: str) -> None:
        """Run a command of manage.py. Raises ``CalledProcessError``."""
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> Self:
        for process in self.processes.values():
            process.start()
        self.wait_until_ready()
        return self

    def stop(self) -> None:
        for process in self.processes.values():
            self._kill(process)

    def kill(self, name: str) -> None:
        """kill -9 the process, its children with it: what the loss of its instance does."""
        if name == "redis":
            self.redis.kill()
        else:
            self._kill(self.processes[name])

    def restart(self, name: str) -> None:
        if name == "redis":
            self.redis.start()
        else:
            self.processes[name].start()

    def wait_until_ready(self, timeout: float = 120.0) -> None:
        urls = f"{self.url}/readyz", f"http://127.0.0.1:{self.admin_port}/readyz"
        wait_for(lambda: all(answers(url) for url in urls), timeout, self.last_words)

    def last_words(self) -> str:
        return "\n".join(
            f"== {name}\n{p.last_words()}" for name, p in self.processes.items() if p.log.exists()
        )

    @staticmethod
    def _kill(process: Process) -> None:
        if process.popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.popen.pid, signal.SIGKILL)
            process.popen.wait()

    def _process(self, name: str, words: list[str]) -> Process:
        return Process(name, [sys.executable, *words], self.environment, self.directory / f"{name}.log")

    def _variables(self) -> dict[str, str]:
        return {
            "AERIE_ENV": "demo",
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "FIELD_ENCRYPTION_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            "OUTPOST_STORE_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            "CONSOLE_PUBLIC_URL": self.url,
            "CONSOLE_LISTEN": f"127.0.0.1:{self.port}",
            "CONSOLE_WORKERS": "1",
            "CONSOLE_THREADS": "4",
            "DEMO_PASSWORD": PASSWORD,
            "DATABASE_URL": self.database.url,
            "REDIS_URL": f"{self.redis.url}/0",
            "LIVE_STORE_URL": f"{self.redis.url}/1",
            "OUTPOST_STORE": f"{self.redis.url}/1",
            "OUTPOST_LISTEN": f"127.0.0.1:{self.outpost_port}",
            "OUTPOST_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "OUTPOST_DEVICE_AUTH": "open",
            "OUTPOST_WORKERS": "1",
            "STORAGE_URL": f"file://{self.directory / 'files'}",
            "STATIC_ROOT": str(self.directory / "static"),
        }

    def _commands(self) -> dict[str, list[str]]:
        return {
            "console": ["-m", "gunicorn", "-c", "python:console.serving", "console.wsgi:application"],
            "critical": ["manage.py", "rqworker", "critical"],
            "default": ["manage.py", "rqworker", "default"],
            "reports": ["manage.py", "rqworker", "reports"],
            "facts": ["manage.py", "read_facts"],
            "scheduler": ["manage.py", "run_scheduler"],
            "outpost": ["-m", "outpost"],
        }


class Browser(mechanicalsoup.StatefulBrowser):
    """A customer's browser without JavaScript, signed in to the console at ``url``.

    ``session`` may have headers of its own, and hooks that watch it.
    """

    def __init__(self, url: str, password: str = PASSWORD, session: requests.Session | None = None) -> None:
        super().__init__(session, raise_on_404=True)
        self.console = url
        self.go("/account/login/")
        self.fill(login=LOGIN, password=password)

    def go(self, path: str) -> None:
        response = self.open(f"{self.console}{path}")
        response.raise_for_status()

    def fill(self, form: str = "main form", **fields: str) -> None:
        """Fill and submit a form of the page. Raises ``HTTPError`` when it is not accepted."""
        self.select_form(form)
        for name, value in fields.items():
            self[name] = value
        self.submit_selected().raise_for_status()

    @property
    def text(self) -> str:
        return " ".join(self.page.get_text().split())


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_for(holds: Callable[[], bool], timeout: float, words: Callable[[], str] = lambda: "") -> None:
    """Poll a process that cannot tell us. Raises ``TimeoutError`` with its last words."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s\n{words()}")
        time.sleep(0.05)


@contextlib.contextmanager
def running_stack(access_points: int, **variables: str) -> Iterator[Stack]:
    """A stack with the demo's customer and this many claimed access points, every process up.

    ``variables`` go into its environment, over the usual ones.
    """
    with temporary_directory() as directory:
        database, redis = MariaDB(directory), Redis(directory)
        stack = Stack(directory, database, redis, **variables)
        try:
            database.start()
            redis.start()
            prepare(stack, access_points)
            yield stack.start()
        finally:
            stack.stop()
            redis.kill()
            database.kill()


def prepare(stack: Stack, access_points: int) -> None:
    stack.manage("migrate", "--verbosity", "0")
    stack.manage("createcachetable")
    stack.manage("collectstatic", "--no-input", "--verbosity", "0")
    stack.manage("seed_demo", "--first-serial", FIRST_SERIAL, "--access-points", str(access_points))
