"""One device's WebSocket: dial, carry out what the device wants, ping, hang up, dial again."""

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from picows import WSCloseCode, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from devices.simulation import commands, frames
from devices.simulation.commands import NO_UPLINK
from devices.simulation.device import Action, Configured, Device, Fetch, HangUp, Say, Upload, Wait
from devices.simulation.downloading import download
from devices.simulation.frames import Message
from devices.simulation.image import Image
from devices.simulation.options import AFTER_LOSS, AFTER_WRONG_SERVER, before_redial
from devices.simulation.uploading import upload

if TYPE_CHECKING:
    from devices.simulation.fleet import Fleet

#: A longer frame ends the connection; anything above 32 KiB is unreadable anyway.
LONGEST_FRAME = 2 * 1024 * 1024
#: What an interval is when neither the command line nor the configuration says so.
USUAL_INTERVAL = 60.0


class Session(WSListener):
    """What picows calls for one connection."""

    def __init__(self, link: "Link"):
        super().__init__()
        self.link = link
        self.parts: list[bytes] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.link.opened(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.link.last_heard = self.link.loop.time()
        if frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._text(frame)
        elif frame.msg_type == WSMsgType.PONG:
            self.link.ponged()
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def _text(self, frame: WSFrame) -> None:
        self.parts.append(frame.get_payload_as_bytes())
        if frame.fin:
            whole, self.parts = b"".join(self.parts), []
            self.link.heard(whole)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.link.closed(transport)


class Link:
    """The connection of one device, over all its sessions."""

    __slots__ = (
        "_dialling",
        "_downloads",
        "_repeats",
        "_state_frame",
        "_timers",
        "_uploads",
        "device",
        "down_since",
        "failures",
        "fleet",
        "has_power",
        "last_error",
        "last_heard",
        "last_upload",
        "loop",
        "opened_at",
        "pinged_at",
        "transport",
        "was_connected",
    )

    def __init__(self, device: Device, fleet: "Fleet", loop: asyncio.AbstractEventLoop):
        self.device = device
        self.fleet = fleet
        self.loop = loop
        self.transport: WSTransport | None = None
        self.failures = 0
        self.has_power = self.was_connected = False
        self.down_since: float | None = None
        self.opened_at = self.last_heard = 0.0
        self.pinged_at: float | None = None
        self.last_error = self.last_upload = ""
        self._downloads: set[asyncio.Task[None]] = set()
        self._uploads: set[asyncio.Task[str]] = set()  # or nobody would hold them until they are done
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._dialling: asyncio.Task[None] | None = None
        self._state_frame = b""
        self._repeats = 0

    @property
    def is_connected(self) -> bool:
        return self.transport is not None

    @property
    def next_dial_in(self) -> float | None:
        """Seconds until it dials again; None when it is not waiting to."""
        timer = self._timers.get("dial")
        return timer.when() - self.loop.time() if timer else None

    def power_on(self) -> None:
        """Boot and dial."""
        self.has_power = True
        self.device.boot(time.time())
        if not self.device.has_uplink:
            self.has_power = False
            self.fleet.gone(self.device, NO_UPLINK)
            return
        self.down_since = self.loop.time()
        self._every(self._events_interval, "events", self._let_time_pass)
        self.dial()

    def power_off(self) -> None:
        """Silence: no timer, no socket."""
        self.has_power, self.down_since = False, None
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._dialling is not None:
            self._dialling.cancel()
        if self.transport is not None:
            self.transport.send_close(WSCloseCode.GOING_AWAY)
            self.transport.disconnect()

    def dial(self) -> None:
        if self.has_power and self.transport is None:
            self._dialling = self.loop.create_task(self._dial())

    async def _dial(self) -> None:
        started = time.perf_counter()  # uvloop's own clock counts whole milliseconds
        try:
            await self._connect()
        except (OSError, WSHandshakeError, TimeoutError, KeyError) as error:
            self._failed(error)
        else:
            self.fleet.figures.connect.add(time.perf_counter() - started)

    async def _connect(self) -> None:
        identity, serial = self.fleet.identity, self.device.serial
        tls: dict[str, Any] = {}
        if self.fleet.url.startswith("wss:"):
            tls["ssl_context"] = identity.context(serial)
            if identity.server_name:
                tls["server_hostname"] = identity.server_name
        await ws_connect(
            lambda: Session(self),
            self.fleet.url,
            websocket_handshake_timeout=self.fleet.options.handshake_seconds,
            extra_headers={"Sec-WebSocket-Protocol": "ucentral-broker", **identity.headers(serial)},
            max_frame_size=LONGEST_FRAME,
            max_redirects=0,
            read_buffer_init_size=2048,
            use_aiofastnet=False,
            **tls,
        )

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self.fleet.figures.counts.failed_connects += 1
        self.last_error = f"{type(error).__name__}: {error}"
        wrong_server = isinstance(error, ssl.SSLCertVerificationError)
        self._redial(AFTER_WRONG_SERVER if wrong_server else before_redial(self.failures))
        self.fleet.changed(self.device)

    def _redial(self, seconds: float) -> None:
        if self.has_power:
            self._after(seconds * self.fleet.options.reconnect, "dial", self.dial)

    def opened(self, transport: WSTransport) -> None:
        """The upgrade is done: say hello and start the clocks."""
        self.transport, self.failures, self.down_since = transport, 0, None
        self.opened_at = self.last_heard = self.loop.time()
        self.pinged_at = None
        self.fleet.figures.counts.connects += 1
        self.fleet.figures.counts.reconnects += self.was_connected
        self.was_connected = True
        self.fleet.figures.counts.connected += 1
        for message in self.device.hello(time.time()):
            self.say(message)
        self._after(self.device.rng.uniform(0, self._state_interval()), "state", self._tell_state)
        self._after(self.device.rng.uniform(0, self._health_interval()), "health", self._tell_health)
        self._after(self.fleet.options.ping_idle, "pulse", self._feel_pulse)
        self.fleet.changed(self.device)

    def closed(self, transport: WSTransport) -> None:
        """The session ended, by either side."""
        if transport is not self.transport:
            return
        self.transport = None
        self.fleet.figures.counts.connected -= 1
        for name in ("state", "health", "pulse"):
            self._cancel(name)
        if self.has_power:
            self.down_since = self.loop.time()
            self.fleet.dropped(self, self.loop.time() - self.opened_at)
            self._redial(AFTER_LOSS)
        self.fleet.changed(self.device)

    def heard(self, frame: bytes) -> None:
        """A text frame of the cloud."""
        self.fleet.figures.counts.frames_received += 1
        if self.has_power:
            self._do(commands.receive(self.device, frame, time.time()))

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Say(message):
                    self.say(message)
                case Wait(seconds, then):
                    self.loop.call_later(seconds, self._go_on, then)
                case Configured():
                    self.fleet.configured(self.device, action)
                case Upload():
                    self._upload(action)
                case Fetch():
                    self._downloads.add(fetching := self.loop.create_task(self._fetch(action)))
                    fetching.add_done_callback(self._downloads.discard)
                case HangUp():
                    self._hang_up(action)

    def _go_on(self, then: Callable[[float], list[Action]]) -> None:
        if self.has_power:
            self._do(then(time.time()))

    async def _fetch(self, what: Fetch) -> None:
        image: Image | None = Image()
        if self.fleet.options.downloads:
            context = self.fleet.identity.upload_context() if what.uri.startswith("https:") else None
            image = await download(what.uri, context)
        self.fleet.figures.counts.failed_downloads += image is None
        self._go_on(lambda now: what.then(image, now))

    def _upload(self, what: Upload) -> None:
        if not self.fleet.options.uploads:
            return
        context = self.fleet.identity.upload_context() if what.uri.startswith("https:") else None
        self._uploads.add(sending := self.loop.create_task(asyncio.to_thread(upload, what, context)))
        sending.add_done_callback(self._uploaded)

    def _uploaded(self, sending: "asyncio.Task[str]") -> None:
        self._uploads.discard(sending)
        if not sending.cancelled():
            self.last_upload = sending.result()

    def _hang_up(self, action: HangUp) -> None:
        self.power_off()
        self.fleet.keep(self.device)
        if action.seconds is None:
            self.fleet.gone(self.device, action.reason)
            return
        self.fleet.figures.counts.restarts += 1
        self._after(action.seconds, "boot", self.power_on)

    def say(self, message: Message) -> None:
        """Sends now; without a connection the message is lost, as on a real device."""
        self._send(frames.encode(message))

    def _send(self, frame: bytes) -> None:
        if self.transport is not None and not self.transport.is_close_frame_sent:
            self.transport.send(WSMsgType.TEXT, frame)
            self.fleet.figures.counts.bytes_sent += len(frame)

    def _tell_state(self) -> None:
        if self._repeats <= 0:
            self._let_time_pass()
            self._state_frame = frames.encode(self.device.state(time.time()))
            self._repeats = self.fleet.options.repeat_states
        self._repeats -= 1
        self._send(self._state_frame)
        self.fleet.figures.counts.states += 1
        if self._repeats <= 0:
            self._state_frame = b""
        self._after(self._state_interval(), "state", self._tell_state)

    def _state_interval(self) -> float:
        return self.fleet.options.interval or self.device.air.state_interval or USUAL_INTERVAL

    def _tell_health(self) -> None:
        self.say(self.device.healthcheck())
        self._after(self._health_interval(), "health", self._tell_health)

    def _health_interval(self) -> float:
        return self.fleet.options.health_interval or self.device.air.health_interval or USUAL_INTERVAL

    def _let_time_pass(self) -> None:
        events = self.device.pass_time(time.time())
        self.fleet.figures.counts.events += len(events)
        if self.transport is None:
            self.device.keep(events)
        else:
            for event in events:
                self.say(event)

    def _events_interval(self) -> float:
        return self.fleet.options.events_every * self.device.rng.uniform(0.5, 1.5)

    def _every(self, interval: Callable[[], float], name: str, act: Callable[[], None]) -> None:
        """Does `act` again and again; an interval of 0 is never."""

        def again() -> None:
            act()
            self._every(interval, name, act)

        seconds = interval()
        if seconds > 0:
            self._after(seconds, name, again)

    def _feel_pulse(self) -> None:
        """Ping after a silence, hang up after a longer one, as libwebsockets' validity check does."""
        options, silence = self.fleet.options, self.loop.time() - self.last_heard
        if self.transport is None:
            return
        if silence >= options.ping_hangup:
            self.fleet.figures.counts.no_pong += 1
            self.transport.disconnect(graceful=False)
            return
        if silence >= options.ping_idle:
            self.pinged_at = time.perf_counter()
            self.transport.send_ping()
        limit = options.ping_hangup if silence >= options.ping_idle else options.ping_idle
        self._after(limit - silence, "pulse", self._feel_pulse)

    def ponged(self) -> None:
        if self.pinged_at is not None:
            self.fleet.figures.ping.add(time.perf_counter() - self.pinged_at)
            self.pinged_at = None
            self.fleet.changed(self.device)

    def _after(self, seconds: float, name: str, act: Callable[[], None]) -> None:
        self._cancel(name)
        self._timers[name] = self.loop.call_later(seconds, act)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
