"""The floor of a check-in service: picows on uvloop, tuned as the outpost is, that only counts frames."""

import asyncio
import resource
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from outpost.connection import drop_headers
from outpost.server import BACKLOG, READ_BUFFER
from tests.load.remote import answer

YIELD_EVERY = 500  # sends


class Counting(WSListener):
    """One connection."""

    def __init__(self, server: "CountingServer") -> None:
        super().__init__()
        self._server = server

    def on_ws_connected(self, transport: WSTransport) -> None:
        drop_headers(transport)
        self._server.transports.add(transport)
        self._server.connects += 1

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._server.frames += 1
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._server.transports.discard(transport)


class CountingServer:
    """Answers pings by itself; says something only when asked to."""

    def __init__(self) -> None:
        self.frames = self.connects = 0
        self.transports: set[WSTransport] = set()

    async def listen(self) -> dict[str, Any]:
        """On a free port of the loopback address."""
        server = await ws_create_server(
            self._upgrade,
            "127.0.0.1",
            0,
            backlog=BACKLOG,
            read_buffer_init_size=READ_BUFFER,
            use_aiofastnet=False,
        )
        return {"port": server.sockets[0].getsockname()[1]}

    async def count(self) -> dict[str, Any]:
        return {"frames": self.frames, "connects": self.connects}

    async def push(self, frame: str) -> dict[str, Any]:
        """The same frame to all."""
        raw = frame.encode()
        for number, transport in enumerate(list(self.transports), start=1):
            transport.send(WSMsgType.TEXT, raw)
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return {}

    def _upgrade(self, request: WSUpgradeRequest) -> WSListener:
        return Counting(self)


async def main() -> None:
    server = CountingServer()
    await answer({"listen": server.listen, "count": server.count, "push": server.push})


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
