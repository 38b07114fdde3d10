"""A cloud small enough to see through: a real WebSocket server that records what devices say."""

import base64
import json
import threading
import zlib
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.tls_threads import one_at_a_time

Message = dict[str, Any]


class Cloud:
    """Listens on a free port; `said` holds (serial, message) in the order of arrival."""

    def __init__(self, port: int = 0, tls: Any = None) -> None:
        self.said: list[tuple[str, Message]] = []
        self.sessions: dict[str, ServerConnection] = {}
        self.headers: list[Any] = []
        self.changed = threading.Condition()
        self.server = serve(self._listen, "127.0.0.1", port, ssl=tls and one_at_a_time(tls), compression=None)
        self.port = self.server.socket.getsockname()[1]
        self.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{self.port}/"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        for session in list(self.sessions.values()):
            session.close()

    def _listen(self, session: ServerConnection) -> None:
        self.headers.append(session.request.headers)
        serial = ""
        try:
            for frame in session:
                message = unpacked(json.loads(frame))
                serial = serial or message["params"]["serial"]
                with self.changed:
                    self.sessions[serial] = session
                    self.said.append((serial, message))
                    self.changed.notify_all()
        except ConnectionClosed:
            pass
        with self.changed:
            self.changed.notify_all()

    def send(self, serial: str, method: str, number: int = 1, **params: Any) -> None:
        params = {"serial": serial, "when": 0, **params}
        self.sessions[serial].send(
            json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        )

    def drop(self, serial: str) -> None:
        """The session ends as if this process had been killed: no closing handshake."""
        self.sessions[serial].socket.shutdown(2)

    def all(self, method: str) -> list[Message]:
        return [message for _, message in self.said if message.get("method") == method]

    def results(self) -> list[Message]:
        return [message for _, message in self.said if "result" in message]

    def wait_for(self, something: Callable[[], Any], timeout: float = 60.0) -> Any:
        """Answers what `something` does as soon as it is true."""
        with self.changed:
            assert self.changed.wait_for(something, timeout), f"not said within {timeout} s: {self.said}"
        return something()


def unpacked(message: Message) -> Message:
    packed = message.get("params", {}).get("compress_64")
    if packed:
        message = {**message, "params": json.loads(zlib.decompress(base64.b64decode(packed)))}
    return message
