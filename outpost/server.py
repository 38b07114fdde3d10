"""The check-in service of one process: who is connected, what must happen every second, and the end.

picows on uvloop, tuned as measured (docs/performance.md): native TLS of uvloop, small read buffers,
a deep backlog, headers dropped after the upgrade, the garbage collector kept off long-lived objects.
"""

import asyncio
import gc
import logging
import os
import random
import resource
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from picows import (
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from outpost import identity, metrics
from outpost.batches import Batches, Peer
from outpost.connection import AccessPointConnection
from outpost.deliveries import Deliveries
from outpost.identity import Admits, NotAdmitted
from outpost.nudges import Nudges
from outpost.protocol.codec import MAX_FRAME
from outpost.protocol.messages import MAX_NUMBER
from outpost.protocol.session import POLICY, Session
from outpost.settings import Settings
from outpost.store.contract import OutpostStore
from outpost.store.sealing import Seal

BACKLOG: Final = 16_384  # a whole fleet dials again in the same second
HANDSHAKE_SECONDS: Final = 30.0
READ_BUFFER: Final = 2_048  # bytes per connection to begin with; the default 16 KiB is most of its memory
SUBPROTOCOL: Final = "ucentral-broker"
SWEEP_SECONDS: Final = 1.0
STALLED_SECONDS: Final = 30.0  # beyond the live store's own limits, 4 tries of 5 s: such a call never ends
FREEZE_SECONDS: Final = 60.0
DRAIN_TICK: Final = 0.05
DRAIN_AT_LEAST: Final = 10  # connections closed per tick
FLUSH_SECONDS: Final = 5.0  # for the last batches
GOING_AWAY: Final = 1001
log = logging.getLogger(__name__)


class Outpost:
    """One process. ``start``, then ``drain`` and ``aclose``."""

    def __init__(
        self,
        settings: Settings,
        store: OutpostStore,
        tls: ssl.SSLContext | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.store = store
        self.held: dict[str, Peer] = {}  # by serial, from the connect frame on
        self.open: set[AccessPointConnection] = set()
        self.batches = Batches(store, self.held.get)
        self.deliveries = Deliveries(store, Seal(settings.store_keys))
        self.draining = False
        self.asked_to_end = asyncio.Event()
        self.room = room()
        self._tls = tls
        self._beat = beat
        self._nudges = Nudges(store, self.id, self.held, self.batches, self.deliveries)
        self._tasks: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None
        self._heard: dict[str, int] = {}
        self._bytes = 0
        self._frozen_at = 0.0

    async def start(self, *, port: int | None = None) -> int:
        """Listen on the settings' address (or another port of it); returns the port. Raises ``OSError``."""
        for work in (*self.batches, *self.deliveries, self._nudges):
            self._begin(work.run())
        self._server = await ws_create_server(
            self._upgrade,
            self.settings.listen.host,
            self.settings.listen.port if port is None else port,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if self._tls else None,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
            enable_auto_pong=False,
            max_frame_size=MAX_FRAME,
            read_buffer_init_size=READ_BUFFER,
            use_aiofastnet=False,
            backlog=BACKLOG,
            reuse_port=True,
        )
        self._begin(self._sweep())  # whose beats say that we serve
        bound: int = self._server.sockets[0].getsockname()[1]
        log.info("listening", extra={"port": bound, "outpost": self.id, "room": self.room})
        return bound

    async def drain(self, seconds: float) -> None:
        """Take nobody new and close a few at a time, in no order, so that the others are not stormed."""
        self.draining = True
        if self._server is not None:
            self._server.close()
        ticks = max(1, round(seconds / DRAIN_TICK))
        share = max(DRAIN_AT_LEAST, -(-len(self.open) // ticks))
        while self.open:
            for connection in random.sample(list(self.open), min(share, len(self.open))):
                connection.attempt(connection.session.close, GOING_AWAY, "draining")
                self.batches.end(connection.session)  # now: its TLS may take longer to end than we do
                self.open.discard(connection)
            await asyncio.sleep(DRAIN_TICK)

    async def aclose(self) -> None:
        """Write what can still be written and let go of the store."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                for gathering in self.batches:
                    await gathering.emptied()
        except TimeoutError:
            log.warning("ended with unwritten check-ins", extra={"facts": len(self.batches.facts)})
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.store.aclose()

    # Called by connections.

    def new_session(self, address: str) -> Session:
        """A session for a connection from this address, its identity still to be set."""
        first_id = random.randrange(1, MAX_NUMBER)  # noqa: S311 - told apart, not guessed
        return Session(_nobody, address=address, outpost=self.id, now=time.time(), first_id=first_id)

    def identify(self, transport: WSTransport) -> Admits:
        """Who the client certificate says it is. Raises ``NotAdmitted``."""
        return identity.by_certificate(transport.underlying_transport.get_extra_info("peercert"))

    def opened(self, connection: AccessPointConnection) -> None:
        """It may speak."""
        self.open.add(connection)

    def take_over(self, connection: AccessPointConnection) -> None:
        """It is this serial's connection from now on; an older one here is closed."""
        serial = connection.session.serial
        older = self.held.get(serial)
        self.held[serial] = connection
        if older is connection:
            return  # registering again
        metrics.CONNECTS.inc()
        if older is not None:
            older.attempt(older.session.close, POLICY, "replaced")

    def gone(self, connection: AccessPointConnection) -> None:
        """It ended."""
        self.open.discard(connection)
        self.deliveries.forget(connection)
        self.batches.connections.discard(connection)
        if self.held.get(connection.session.serial) is connection:
            del self.held[connection.session.serial]
        if connection.session.serial:
            self.batches.end(connection.session)
            metrics.DISCONNECTS.labels(connection.why).inc()
            log.info("session ended", extra={"serial": connection.session.serial, "reason": connection.why})

    def tally(self, method: str, size: int) -> None:
        """Count a message; written to the counters once a second."""
        self._bytes += size
        if method:
            self._heard[method] = self._heard.get(method, 0) + 1

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it then."""
        asyncio.get_running_loop().call_later(seconds, call)

    # New connections.

    def _upgrade(self, request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        """Any path. The sub-protocol is echoed if offered; compression is not negotiated."""
        if self.draining or len(self.open) >= self.room:
            return _refused(503, "draining" if self.draining else "full")
        _simplify(request)
        try:
            admits = self._admits(request)
        except NotAdmitted as refused:
            return _refused(401, refused.reason)
        offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
        echo = {"Sec-WebSocket-Protocol": SUBPROTOCOL} if SUBPROTOCOL in _names(offered) else None
        response = WSUpgradeResponse.create_101_response(echo)
        return WSUpgradeResponseWithListener(response, AccessPointConnection(self, admits))

    def _admits(self, request: WSUpgradeRequest) -> Admits | None:
        """None where the certificate will tell, once the connection is made."""
        if self.settings.device_auth == "certificate":
            return None
        if self.settings.device_auth == "key":
            return identity.by_key(request.headers, self.settings.device_key_secrets)
        return identity.by_word

    # Work without end.

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Without it we would look alive and push nothing: better drained, and started again."""
        if not task.cancelled():
            log.critical("work that never ends has ended", exc_info=task.exception())
            self.asked_to_end.set()

    async def _sweep(self) -> None:
        while True:
            if not self.batches.stalled(STALLED_SECONDS):
                self._beat()
            await asyncio.sleep(SWEEP_SECONDS)
            self._tick(time.time())
            self._write_tally()
            self._freeze(time.monotonic())

    def _tick(self, now: float) -> None:
        overdue = [connection for connection in self.open if connection.session.due <= now]
        for connection in overdue:
            connection.attempt(connection.session.tick, now)

    def _write_tally(self) -> None:
        heard, self._heard = self._heard, {}
        for method, count in heard.items():
            metrics.MESSAGES.labels(method).inc(count)
        metrics.RECEIVED_BYTES.inc(self._bytes)
        self._bytes = 0
        metrics.SESSIONS.set(len(self.held))
        metrics.PARKED.set(sum(peer.session.phase == "parked" for peer in self.held.values()))

    def _freeze(self, now: float) -> None:
        """A full collection over 16,000 connections takes 0.5 s, over frozen ones none."""
        if now >= self._frozen_at + FREEZE_SECONDS:
            gc.collect(1)
            gc.freeze()
            self._frozen_at = now


def room() -> int:
    """How many connections the process may hold: its open files less a reserve for handshakes and the store.

    The soft limit is raised to the hard one first.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return 10**6
    return max(16, hard - max(64, hard // 20))


def _refused(status: int, reason: str) -> WSUpgradeResponseWithListener:
    metrics.REFUSALS.labels(reason).inc()
    response = WSUpgradeResponse.create_error_response(status, reason.encode(), {"Retry-After": "10"})
    return WSUpgradeResponseWithListener(response, None)


def _simplify(request: WSUpgradeRequest) -> None:
    """picows takes ``Connection: Upgrade`` alone; some clients and proxies say ``keep-alive, Upgrade``."""
    said = ",".join(request.headers.getall("Connection", []))
    if "upgrade" in {name.lower() for name in _names(said)}:
        request.headers["Connection"] = "upgrade"


def _names(header: str) -> set[str]:
    return {name.strip() for name in header.split(",")}


def _nobody(serial: str) -> bool:
    return False
