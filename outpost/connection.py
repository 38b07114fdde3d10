"""One WebSocket connection: frames to its session, the session's actions to the socket and the store.

Nothing an access point sends may stop or crash the process: messages are joined within bounds,
a reader that never reads is cut off, and an exception of our own ends this connection only.
"""

import ipaddress
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from multidict import CIMultiDict
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from outpost import metrics
from outpost.identity import Admits, NotAdmitted
from outpost.protocol.actions import (
    Action,
    Append,
    Close,
    Compare,
    Count,
    Fetch,
    Outcome,
    Register,
    Report,
    Send,
    TakeCommand,
)
from outpost.protocol.codec import MAX_FRAME, Reason
from outpost.protocol.session import Session

if TYPE_CHECKING:
    from outpost.server import Outpost

MOST_FRAGMENTS: Final = 1_000  # of one message
FRAGMENTED_SECONDS: Final = 60.0  # from its first to its last frame
LINGER_SECONDS: Final = 5.0  # to take our last bytes after we closed
WARN: Final = frozenset({"wrong_serial", "protocol_errors", "binary", "too_large", "internal_error"})
BROKEN: Final[dict[int, Reason]] = {1002: "bad_frame", 1007: "not_utf8", 1009: "too_large"}
_NO_HEADERS: Final = CIMultiDict[str]()
log = logging.getLogger(__name__)


class AccessPointConnection(WSListener):
    """The listener of one connection; also the ``Peer`` of its session for the store's answers."""

    __slots__ = (
        "admits",
        "clogged",
        "fragmented_at",
        "fragments",
        "message",
        "outpost",
        "session",
        "transport",
        "why",
    )

    def __init__(self, outpost: "Outpost", admits: Admits | None) -> None:
        """``admits`` None: the client certificate, known only once connected, will say who it is."""
        self.outpost = outpost
        self.admits = admits
        self.session: Session
        self.transport: WSTransport | None = None
        self.why = ""  # it ends, when we ended it
        self.message: bytearray | None = None  # the fragments so far
        self.fragments = 0
        self.fragmented_at = 0.0
        self.clogged = False

    # Called by picows.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The upgrade is done; headers are dropped, as 10 KiB a connection is all there is."""
        self.transport = transport
        drop_headers(transport)
        self.session = self.outpost.new_session(_address(transport))
        try:
            self.session.admits = self.admits or self.outpost.identify(transport)
        except NotAdmitted as refused:
            metrics.REFUSALS.labels(refused.reason).inc()
            self.perform(self.session.close(WSCloseCode.POLICY_VIOLATION.value, refused.reason))
            return
        self.admits = None
        self.outpost.opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Never raises."""
        try:
            self._hear(frame, time.time())
        except Exception:
            self._give_up()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Gone, whoever ended it."""
        handshake = transport.close_handshake
        if not self.why and handshake is not None and handshake.sent is not None:
            self._count_unreadable(handshake.sent.code)
        self.why = self.why or ("closed" if handshake is not None and handshake.recv is not None else "lost")
        self.transport = self.message = None
        self.attempt(self.session.ended, self.why)
        self.outpost.gone(self)

    def pause_writing(self) -> None:
        """It does not read what we send."""
        self.clogged = True

    def resume_writing(self) -> None:
        """It reads again."""
        self.clogged = False

    # Frames.

    def _hear(self, frame: WSFrame, now: float) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.TEXT and frame.fin and self.message is None and not _reserved(frame):
            self._receive(frame.get_payload_as_bytes(), now)
        elif kind == WSMsgType.PING:
            self._pong(frame.get_payload_as_bytes(), now)
        elif kind == WSMsgType.CLOSE:
            self._close(WSCloseCode.OK.value, "closed")
        elif kind == WSMsgType.BINARY or _reserved(frame):
            self.perform(self.session.broken("binary" if kind == WSMsgType.BINARY else "bad_frame"))
        elif kind == WSMsgType.PONG:
            self.perform(self.session.pinged(now))
        else:
            self._join(frame, now)

    def _receive(self, data: bytes, now: float) -> None:
        session = self.session
        session.heard = ""
        actions = session.receive(data, now)
        self.outpost.tally(session.heard, len(data))
        if actions:
            self.perform(actions)

    def _pong(self, payload: bytes, now: float) -> None:
        if self.clogged:  # or pongs would pile up here for ever
            self.perform(self.session.close(WSCloseCode.POLICY_VIOLATION.value, "clogged"))
        elif self.transport is not None:
            self.transport.send_pong(payload)
            self._check_fragments(now)
            self.perform(self.session.pinged(now))

    def _join(self, frame: WSFrame, now: float) -> None:
        """One part of a message. All parts together are bounded as a single frame is."""
        if (frame.msg_type == WSMsgType.TEXT) != (self.message is None):
            self.perform(self.session.broken("bad_fragments"))
            return
        if self.message is None:
            self.message, self.fragments, self.fragmented_at = bytearray(), 0, now
        self.message += frame.get_payload_as_memoryview()
        self.fragments += 1
        if len(self.message) > MAX_FRAME:
            self.perform(self.session.broken("too_large"))
        elif frame.fin:
            data, self.message = bytes(self.message), None
            self._receive(data, now)
        else:
            self._check_fragments(now)

    def _check_fragments(self, now: float) -> None:
        if self.message is None:
            return
        if self.fragments > MOST_FRAGMENTS or now > self.fragmented_at + FRAGMENTED_SECONDS:
            self.perform(self.session.broken("bad_fragments"))

    def _count_unreadable(self, code: Any) -> None:
        """picows closed it: a frame it could not read."""
        if reason := BROKEN.get(int(getattr(code, "value", code))):
            metrics.PROTOCOL_ERRORS.labels(reason).inc()
            self.why = reason

    # Actions.

    def attempt(self, step: Callable[..., Iterable[Action]], *told: Any) -> None:
        """Tell the session something and do what it wants done.

        Never raises: those who call it serve many others, and trouble of our own ends this one alone.
        """
        try:
            self.perform(step(*told))
        except Exception:
            self._give_up()

    def _give_up(self) -> None:
        """Called while an exception of our own is handled: it is logged, and the connection ended."""
        log.exception("connection given up", extra={"serial": self.session.serial})
        try:
            self.perform(self.session.close(WSCloseCode.INTERNAL_ERROR.value, "internal_error"))
        except Exception:
            log.exception("connection aborted", extra={"serial": self.session.serial})
            if self.transport is not None:
                self.transport.underlying_transport.abort()

    def perform(self, actions: Iterable[Action]) -> None:
        """Do what the session wants done, in order."""
        for action in actions:
            _PERFORM[type(action)](self, action)

    def _register(self, action: Register) -> None:
        self.outpost.take_over(self)
        self.outpost.batches.connections.add(self, action.connection)

    def _report(self, action: Report) -> None:
        self.outpost.batches.seen.add(action.seen.serial, action.seen)

    def _append(self, action: Append) -> None:
        self.outpost.batches.keep(self.session, action)
        if action.kind == "pushed":
            metrics.PUSHES.inc()

    def _compare(self, action: Compare) -> None:
        self.outpost.deliveries.comparisons.add(self, None)

    def _fetch(self, action: Fetch) -> None:
        self.outpost.deliveries.documents.add(self, None)

    def _take_command(self, action: TakeCommand) -> None:
        self.outpost.deliveries.commands.add(self, None)

    def _send(self, action: Send) -> None:
        if self.transport is not None:
            self.transport.send(WSMsgType.TEXT, action.frame)

    def _end(self, action: Close) -> None:
        level = logging.WARNING if action.why in WARN else logging.DEBUG
        extra = {"serial": self.session.serial, "address": self.session.address, "why": action.why}
        log.log(level, "closing", extra=extra)
        self._close(action.code, action.why)

    def _close(self, code: int, why: str) -> None:
        if self.transport is None:
            return
        self.why = self.why or why
        self.message = None
        self.transport.send_close(WSCloseCode(code), why.encode())
        self.transport.disconnect()
        # One that does not read would keep a closed connection open for ever.
        self.outpost.later(LINGER_SECONDS, self.transport.underlying_transport.abort)

    def _count(self, action: Count) -> None:
        metrics.PROTOCOL_ERRORS.labels(action.reason).inc()

    def _outcome(self, action: Outcome) -> None:
        if action.what == "command":
            metrics.COMMANDS.labels(action.outcome).inc()
            return
        metrics.PUSH_RESULTS.labels(action.outcome).inc()
        metrics.APPLY_SECONDS.observe(action.seconds)


_PERFORM: dict[type, Any] = {
    Register: AccessPointConnection._register,
    Report: AccessPointConnection._report,
    Append: AccessPointConnection._append,
    Compare: AccessPointConnection._compare,
    Fetch: AccessPointConnection._fetch,
    TakeCommand: AccessPointConnection._take_command,
    Send: AccessPointConnection._send,
    Close: AccessPointConnection._end,
    Count: AccessPointConnection._count,
    Outcome: AccessPointConnection._outcome,
}


def drop_headers(transport: WSTransport) -> None:
    """Nothing reads the upgrade's headers any more: 2 KiB a connection."""
    for half in (transport.request, transport.response):
        half.headers = _NO_HEADERS


def _reserved(frame: WSFrame) -> bool:
    """Bits of extensions nobody negotiated."""
    return bool(frame.rsv1 or frame.rsv2 or frame.rsv3)


def _address(transport: WSTransport) -> str:
    """The peer's IP address, IPv4 written as such; empty when there is none."""
    peer = transport.underlying_transport.get_extra_info("peername")
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except (ValueError, TypeError, IndexError):
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
