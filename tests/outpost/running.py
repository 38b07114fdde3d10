"""The real check-in service as its own processes, and access points that dial in over real WebSockets."""

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from outpost.store.contract import Desired, PendingCommand, Reported
from outpost.store.redis import RedisLiveStore
from outpost.store.sealing import Seal
from tests.outpost.protocol import frames
from tests.servers import free_port
from tests.tls_threads import one_at_a_time

ROOT = Path(__file__).parent.parent.parent
KEY = bytes(range(32))
SEAL = Seal([KEY])
LONG = 60.0  # seconds until a test gives up waiting; everything usually takes milliseconds


def eventually(ask: Callable[[], Any], seconds: float = LONG) -> Any:
    """The first true answer. Fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return answer


class RunningOutpost:
    """``python -m outpost`` on ports of its own; every option is an environment variable."""

    def __init__(self, store: str, directory: Path, **options: str) -> None:
        self.port, self.admin_port = free_port(), free_port()
        self.log = directory / f"outpost-{self.port}.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "OUTPOST_STORE": store,
            "OUTPOST_STORE_KEYS": base64.b64encode(KEY).decode(),
            "OUTPOST_LISTEN": f"127.0.0.1:{self.port}",
            "OUTPOST_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "OUTPOST_DEVICE_AUTH": "open",
        } | options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **popen: Any) -> "RunningOutpost":
        """Start it and wait until it is ready: each worker listens."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "outpost"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=log, **popen)
        eventually(lambda: self.ask("/readyz")[0] == 200)
        return self

    def ask(self, path: str) -> tuple[int, str]:
        """Status and body of a request to the admin port; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}{path}", timeout=LONG) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def count(self, name: str, **labels: str) -> float:
        """A metric's value, 0 when it was never counted."""
        wanted = "{" + ",".join(f'{key}="{value}"' for key, value in sorted(labels.items())) + "}"
        line = re.escape(name + (wanted if labels else ""))
        found = re.search(rf"^{line} (\S+)$", self.ask("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else 0.0

    def workers(self) -> list[int]:
        """Process ids of the workers: all children but the admin server, which came first."""
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children][1:]

    def kill(self) -> None:
        """End it as kill -9 of the main process does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def terminate(self) -> int:
        """End it as an operator does; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process = None
        return code

    @property
    def failures(self) -> list[str]:
        """What its log says of exceptions. Nothing a stranger sends may cause one."""
        return [line for line in self.log.read_text().splitlines() if '"exception"' in line]


class AccessPoint:
    """A client that knows what a device knows."""

    def __init__(self, port: int, serial: str, *, scheme: str = "ws", **options: Any) -> None:
        self.serial = serial
        usual = {"compression": None, "ping_interval": None, "max_size": None, "open_timeout": LONG}
        options = usual | options
        if "ssl" in options:
            one_at_a_time(options["ssl"])
        self._open = contextlib.ExitStack()
        socket = self._open.enter_context(connect(f"{scheme}://127.0.0.1:{port}/", **options))
        self.socket: ClientConnection = socket

    def __enter__(self) -> "AccessPoint":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, politely."""
        self._open.close()

    def say(self, frame: bytes) -> None:
        """Send one text frame."""
        self.socket.send(frame.decode())

    def connect(self, uuid: int = 1, **params: Any) -> "AccessPoint":
        """The first frame."""
        self.say(frames.connect(uuid, serial=self.serial, **params))
        return self

    def state(self, uuid: int = 1, **params: Any) -> None:
        """Statistics."""
        self.say(frames.state(uuid, serial=self.serial, **params))

    def answer(self, request: dict[str, Any], error: int = 0, **fields: Any) -> None:
        """Answer a frame; a configuration with its own number unless told otherwise."""
        fields = {"uuid": request["params"].get("uuid", 1)} | fields
        self.say(frames.result(request["id"], error, serial=self.serial, **fields))

    def hear(self, seconds: float = LONG) -> Any:
        """The next frame. Raises ``TimeoutError``."""
        return json.loads(self.socket.recv(timeout=seconds))

    def ended(self, seconds: float = LONG) -> str:
        """Wait for the end, whatever comes before; the reason the server gave."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                self.socket.recv(timeout=seconds)
        except ConnectionClosed as closed:
            return closed.rcvd.reason if closed.rcvd else ""
        raise AssertionError("it was not closed")


class Console:
    """What the monolith does with the live store."""

    def __init__(self, url: str) -> None:
        self.store = RedisLiveStore.from_url(url)
        self.read = f"test-{os.getpid()}"

    def want(self, serial: str, uuid: int, document: bytes = b'{"unit":{"name":"a"}}') -> None:
        """Claim it, or want another configuration, and tell the outposts."""
        sealed = SEAL.seal(serial, zlib.compress(document))
        self.store.put_desired([Desired(serial, uuid, f"hash{uuid}", sealed, "n1")], replace=True)
        self.store.nudge([serial])

    def order(self, serial: str, id: int, method: str = "leds", **params: Any) -> None:
        """Queue a command and tell the outposts."""
        now = time.time()
        self.store.put_commands([PendingCommand(serial, id, method, params, now + 60, 30.0)])
        self.store.nudge([serial])

    def reported(self, serial: str) -> Reported:
        """What is known of it now."""
        return self.store.reported([serial], with_state=True)[0]

    def facts(self, serial: str) -> list[tuple[str, dict[str, Any]]]:
        """All facts of this access point so far, as (kind, data); reading takes nothing away."""
        from outpost.store.redis_layout import DEFAULT_PREFIX, fact_from, facts_key

        entries = self.store._client.xrange(facts_key(DEFAULT_PREFIX))
        facts = [fact_from(entry, fields[b"d"]) for entry, fields in entries]
        return [(fact.kind, fact.data) for fact in facts if fact.serial == serial]

    def kinds(self, serial: str) -> list[str]:
        """The kinds of its facts, in order."""
        return [kind for kind, _ in self.facts(serial)]
