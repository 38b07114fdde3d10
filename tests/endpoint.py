"""A name that leads to one server and then to another: what a cluster's endpoint does in a fail-over.

A TCP proxy on a port of its own, in a thread. Connections that are open stay with the server they were
opened to, as they do when a name's address changes.
"""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Self

_COMMIT = b"\x03COMMIT"  # COM_QUERY and its text, as MySQL's clients send it


class Endpoint:
    """``lead`` sets where new connections go; ``swallow_commit`` loses the answer to one."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._swallow = threading.Semaphore(0)
        self.swallowed = 0
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()

    def lead(self, port: int) -> None:
        self._target = port

    def swallow_commit(self) -> None:
        """The next COMMIT reaches the server, which does it; its answer is lost with the connection."""
        self._swallow.release()

    def cut(self) -> None:
        """Every connection that is open now."""
        for pair in list(self._pairs):
            _end(*pair)

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self._listener.close()
            self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=2)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            threading.Thread(target=self._carry, args=[client, server], daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        pair = client, server
        self._pairs.add(pair)
        with contextlib.suppress(OSError), selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while all(self._pass_on(key.fileobj, client, server) for key, _ in selector.select()):
                pass
        self._pairs.discard(pair)
        _end(*pair)

    def _pass_on(self, source: object, client: socket.socket, server: socket.socket) -> bool:
        sender, receiver = (client, server) if source is client else (server, client)
        data = sender.recv(65536)
        if not data:
            return False
        receiver.sendall(data)
        if sender is client and data[4:11] == _COMMIT and self._swallow.acquire(blocking=False):
            server.recv(65536)
            self.swallowed += 1
            return False
        return True


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
