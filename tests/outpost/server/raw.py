"""A WebSocket client that does what no library would."""

import base64
import contextlib
import socket
import struct

from tests.outpost.running import LONG

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % base64.b64encode(bytes(16))
)
TEXT, CONTINUATION, BINARY, PING = 1, 0, 2, 9


class RawClient:
    """A WebSocket client without manners: frames of any kind, length and incompleteness."""

    def __init__(self, port, request=UPGRADE):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LONG)
        self.answer = b""
        with contextlib.suppress(ConnectionError):  # one may be hung up on before everything was said
            self.socket.sendall(request)
            self.answer = self.socket.recv(4096)

    def frame(self, opcode, payload=b"", *, fin=True, length=None, bits=0):
        """One masked frame, which may claim another length than it has."""
        length = len(payload) if length is None else length
        head = bytes([(0x80 if fin else 0) | bits | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65_536:
            head += struct.pack("!BH", 0x80 | 126, length)
        else:
            head += struct.pack("!BQ", 0x80 | 127, length)
        self.socket.sendall(head + bytes(4) + payload)

    def repeat_until_cut_off(self, opcode, payload, **fields):
        """Send without end; returns when the server cuts us off, fails when it does not take more."""
        with contextlib.suppress(ConnectionError):
            while True:
                self.frame(opcode, payload, **fields)

    def closed(self):
        """Whether the server hangs up in time."""
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()
