"""TLS for clients with a reader of their own: OpenSSL may not be in one connection twice at once.

The synchronous WebSocket client reads in one thread and writes in another. Python before 3.13 lets both into
OpenSSL together, and about one handshake in a thousand is then never answered (python/cpython#124984).
"""

import select
import ssl
import threading
from functools import cached_property


class OneAtATime(ssl.SSLSocket):
    """Waits for bytes outside the lock, and takes or sends them inside."""

    @cached_property
    def _turn(self) -> threading.Lock:
        return threading.Lock()

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        while True:
            if (taken := self._take(buflen, flags)) is not None:
                return taken
            poll = select.poll()
            poll.register(self.fileno(), select.POLLIN)
            timeout = self.gettimeout()
            if not poll.poll(None if timeout is None else timeout * 1000):
                raise TimeoutError("nothing came")

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        with self._turn:
            super().sendall(data, flags)

    def settimeout(self, value: float | None) -> None:
        with self._turn:
            super().settimeout(value)

    def _take(self, buflen: int, flags: int) -> bytes | None:
        """What can be had without waiting; None when that is nothing."""
        with self._turn:
            timeout = self.gettimeout()
            super().settimeout(0)
            try:
                return super().recv(buflen, flags)
            except ssl.SSLWantReadError:
                return None
            finally:
                super().settimeout(timeout)


def one_at_a_time(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same context, whose connections take turns."""
    context.sslsocket_class = OneAtATime
    return context
