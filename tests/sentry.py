"""A server that takes Sentry's envelopes over HTTP, as the real one does, and keeps what is in them."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Sentry:
    """What arrived: the raw bytes and the events among them."""

    def __init__(self, port: int) -> None:
        self.dsn = f"http://public@127.0.0.1:{port}/1"
        self.raw = b""
        self.events: list[dict[str, Any]] = []

    def take(self, envelope: bytes) -> None:
        self.raw += envelope
        lines = envelope.split(b"\n")[1:]
        for header, payload in zip(lines[::2], lines[1::2], strict=False):
            if header and json.loads(header)["type"] == "event":
                self.events.append(json.loads(payload))


@contextmanager
def listening() -> Iterator[Sentry]:
    """One on a port of its own."""

    class Envelopes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_gzip = self.headers.get("Content-Encoding") == "gzip"
            sentry.take(gzip.decompress(body) if is_gzip else body)
            self.send_response(200 if self.path == "/api/1/envelope/" else 404)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Envelopes)
    sentry = Sentry(server.server_port)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield sentry
    finally:
        server.shutdown()
        server.server_close()
