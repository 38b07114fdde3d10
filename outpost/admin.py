"""A very small HTTP server for the admin port: /livez, /readyz and /metrics, one request per connection.

It answers the balancer and the scraper, not the world: bind it to loopback or a private address.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import NamedTuple

from outpost import metrics
from outpost.settings import Address
from outpost.store.contract import OutpostStore, StoreUnavailable

HEAD_LIMIT = 8_192  # bytes of request line and headers
REQUEST_SECONDS = 5.0  # to send them
MAX_CONNECTIONS = 64
STORE_SECONDS = 2.0  # the balancer asks every few seconds; slower than this is not ready
CLOCK_SECONDS = 10.0  # presence is counted in tens of seconds; the question itself may take two
TEXT = "text/plain; charset=utf-8"

Problems = Callable[[], Awaitable[Sequence[str]]]


class Answer(NamedTuple):
    """What goes back."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT


def readiness(
    store: OutpostStore,
    draining: Callable[[], bool],
    silent: Callable[[], int] = lambda: 0,
    expired: Callable[[], bool] = lambda: False,
) -> Problems:
    """Why no new access point should be sent here, in words; nothing when all is well."""

    async def problems() -> list[str]:
        if draining():
            return ["draining"]
        if count := silent():
            return [f"{count} of the processes do not answer"]
        if expired():
            return ["the certificate has expired"]
        try:
            async with asyncio.timeout(STORE_SECONDS):
                ahead = time.time() - await store.clock()
        except (StoreUnavailable, TimeoutError):
            return ["the live store does not answer"]
        return clock_problems(ahead)

    return problems


def clock_problems(ahead: float) -> list[str]:
    """``ahead`` of the live store's clock, in seconds. A wrong one puts access points offline."""
    if abs(ahead) <= CLOCK_SECONDS:
        return []
    return [f"the clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the live store's"]


class AdminServer:
    """Listens from ``start`` to ``aclose``; ``problems`` decides what /readyz says, ``alive`` what /livez."""

    def __init__(self, problems: Problems, alive: Callable[[], bool] = lambda: True) -> None:
        self._problems = problems
        self._alive = alive
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, address: Address) -> Address:
        """Listen; returns the address with the real port. Raises ``OSError`` when it is taken."""
        self._server = await asyncio.start_server(
            self._serve, address.host, address.port, limit=HEAD_LIMIT, backlog=MAX_CONNECTIONS
        )
        return Address(address.host, self._server.sockets[0].getsockname()[1])

    async def aclose(self) -> None:
        """Stop listening and cut what is open."""
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._open):
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._open.add(writer)
        try:
            async with asyncio.timeout(REQUEST_SECONDS + STORE_SECONDS):
                writer.write(await self._exchange(reader))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client left or dawdles; nobody to answer
        finally:
            self._open.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _encode(_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE), with_body=True)
        method, path = parse_request(head)
        return _encode(await self._answer(method, path), with_body=method != "HEAD")

    async def _answer(self, method: str, path: str) -> Answer:
        if not method:
            return _error(HTTPStatus.BAD_REQUEST)
        if path not in ("/livez", "/readyz", "/metrics"):
            return _error(HTTPStatus.NOT_FOUND)
        if method not in ("GET", "HEAD"):
            return _error(HTTPStatus.METHOD_NOT_ALLOWED)
        if path == "/livez":
            return self._live()
        return _metrics() if path == "/metrics" else await self._ready()

    def _live(self) -> Answer:
        if self._alive():
            return Answer(HTTPStatus.OK, b"alive\n")
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"no process that takes connections lives\n")

    async def _ready(self) -> Answer:
        problems = await self._problems()
        if problems:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "; ".join(problems).encode() + b"\n")
        return Answer(HTTPStatus.OK, b"ready\n")


def parse_request(head: bytes) -> tuple[str, str]:
    """Method and path (without query) of a request's head; two empty strings when it is not HTTP/1."""
    parts = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):
        return "", ""
    if not (parts[0].isascii() and parts[0].isalpha() and parts[0].isupper()):
        return "", ""
    return parts[0], parts[1].partition("?")[0]


def _metrics() -> Answer:
    body, content_type = metrics.render()
    return Answer(HTTPStatus.OK, body, content_type)


def _error(status: HTTPStatus) -> Answer:
    return Answer(status, status.phrase.encode() + b"\n")


def _encode(answer: Answer, *, with_body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
        f"Content-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (answer.body if with_body else b"")
