"""Visitors' connections: a thread waits for a slow visitor as long as he goes on, and no longer."""

import errno
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENT_SECONDS = 20.0  # that a visitor neither sends nor fetches a byte
SLOWEST = 500  # bytes a second of a request, after its first 20 s. Apache asks the same (RequestReadTimeout)


class VisitorSocket(socket.socket):
    """An accepted connection. ``waits`` is told True before a wait for the visitor, False after it.

    Reads and writes raise ``ConnectionResetError`` when the visitor is too slow, and when he ends in the
    middle of a body: gunicorn would hand over what came as if it were all. Whoever sets a time limit himself,
    as gunicorn does where it closes connections, has his own.
    """

    in_body = False  # what is read now is a body

    def __init__(self, accepted: socket.socket, waits: Callable[[bool], None]) -> None:
        super().__init__(fileno=accepted.detach())
        self._waits = waits
        self.begin_request()

    def begin_request(self) -> None:
        """The next bytes are another request's."""
        self._received, self._waited = 0, 0.0

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.gettimeout() is not None:
            return super().recv(size, flags)
        began = time.monotonic()
        with self._patience(SILENT_SECONDS + self._received / SLOWEST - self._waited):
            data = super().recv(size, flags)
        self._waited += time.monotonic() - began
        self._received += len(data)
        if self.in_body and not data:
            raise ConnectionResetError(errno.ECONNRESET, "The visitor ended in the middle of a body")
        return data

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        if self.gettimeout() is not None:
            super().sendall(data, flags)
            return
        left = memoryview(data)
        while left:
            with self._patience(SILENT_SECONDS):
                left = left[self.send(left, flags) :]

    @contextmanager
    def _patience(self, seconds: float) -> Iterator[None]:
        self._waits(True)
        self.settimeout(min(SILENT_SECONDS, max(seconds, 0.001)))
        try:
            yield
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "The visitor is too slow") from None
        finally:
            self.settimeout(None)
            self._waits(False)
