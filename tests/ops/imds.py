"""A stand-in for EC2's instance metadata service, version 2: one for each machine, changed while it runs.

Tokens are wanted as the real one wants them. It listens on loopback, or on 169.254.169.254 in a machine's
own network namespace.
"""

import contextlib
import ctypes
import http.server
import json
import secrets
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

ADDRESS = "169.254.169.254"
ROLE = "aerie"
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class FakeImds:
    """``answers`` is what it knows: path below /latest to text; what is not there is 404."""

    def __init__(self, user_data: str, *, instance_id: str = "", address: str = "127.0.0.1") -> None:
        self.instance_id = instance_id or f"i-{secrets.token_hex(8)}"
        self.answers = {
            "user-data": user_data,
            "meta-data/instance-id": self.instance_id,
            "meta-data/placement/region": "eu-central-1",
            "meta-data/placement/availability-zone": "eu-central-1a",
            "meta-data/local-ipv4": address,
            "meta-data/autoscaling/target-lifecycle-state": "InService",
            "meta-data/iam/security-credentials/": ROLE,
            f"meta-data/iam/security-credentials/{ROLE}": json.dumps(_credentials()),
        }
        self.tokens: set[str] = set()
        self.asked: list[str] = []
        self.failures = 0  # as many of the next requests are answered with 503
        self._server: http.server.ThreadingHTTPServer | None = None

    def scale_in(self) -> None:
        """The auto-scaling group wants this instance gone."""
        self.answers["meta-data/autoscaling/target-lifecycle-state"] = "Terminated"

    def spot_notice(self, action: str = "terminate") -> None:
        """AWS wants the spot instance back in two minutes."""
        at = (datetime.now(UTC) + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.answers["meta-data/spot/instance-action"] = json.dumps({"action": action, "time": at})

    def recommend_rebalance(self) -> None:
        notice = {"noticeTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.answers["meta-data/events/recommendations/rebalance"] = json.dumps(notice)

    @property
    def url(self) -> str:
        assert self._server is not None
        return "http://{}:{}".format(*self._server.server_address[:2])

    @contextlib.contextmanager
    def serving(self, host: str = "127.0.0.1", port: int = 0, namespace: str = "") -> Iterator[Self]:
        """Serve until the end of the block; in a network namespace of ``ip netns`` when one is named."""
        self._server = _open(host, port, namespace, self)
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _open(host: str, port: int, namespace: str, imds: FakeImds) -> http.server.ThreadingHTTPServer:
    """A socket stays in the namespace it was made in: a thread goes there, makes it, and ends."""
    made: list[Any] = []

    def make() -> None:
        try:
            if namespace:
                _enter(Path("/run/netns") / namespace)
            made.append(_Server((host, port), imds))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]  # type: ignore[no-any-return]


def _enter(namespace: Path) -> None:
    with namespace.open() as file:
        if _libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], imds: FakeImds) -> None:
        self.imds = imds
        super().__init__(address, _Answers)

    def server_bind(self) -> None:
        """Without asking the DNS for its own name, which takes ten seconds where there is none."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


class _Answers(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_PUT(self) -> None:
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != "/latest/api/token" or not seconds.isdigit() or not 1 <= int(seconds) <= 21_600:
            self._answer(400, "")
            return
        token = secrets.token_urlsafe(24)
        self.server.imds.tokens.add(token)
        self._answer(200, token)

    def do_GET(self) -> None:
        imds, path = self.server.imds, self.path.removeprefix("/latest/")
        if imds.failures:
            imds.failures -= 1
            self._answer(503, "")
        elif self.headers.get("X-aws-ec2-metadata-token", "") not in imds.tokens:
            self._answer(401, "")
        else:
            imds.asked.append(path)
            found = imds.answers.get(path)
            self._answer(404 if found is None else 200, found or "")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


def _credentials() -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Expiration": (now + timedelta(hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "AccessKeyId": "ASIAINSTANCE",
        "SecretAccessKey": "of the instance",
        "Token": "of the instance",
    }
