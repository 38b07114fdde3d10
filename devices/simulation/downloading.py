"""Fetches an image as a real client's wget does: one HTTP GET, no redirects; only the image's end is kept.

What goes wrong is no image: the device then answers its command with an error.
"""

import asyncio
import ssl
from urllib.parse import urlsplit

from devices.simulation.image import TAIL, Image, read

SECONDS = 600.0
CHUNK = 64 * 1024
_OK = 200


class Refused(Exception):
    """The server's answer is not the image."""


async def download(uri: str, context: ssl.SSLContext | None = None) -> Image | None:
    """The image, or None when it cannot be had whole within `SECONDS`."""
    try:
        async with asyncio.timeout(SECONDS):
            return read(await _get(uri, context))
    except (OSError, ValueError, TimeoutError, EOFError, asyncio.LimitOverrunError, Refused):
        return None


async def _get(uri: str, context: ssl.SSLContext | None) -> bytes:
    """The file's last bytes. Raises `Refused` and what reading from a socket raises."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("not an http address")
    tls = context if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    try:
        writer.write(_question(parts.netloc, parts._replace(scheme="", netloc="", fragment="").geturl()))
        return await _tail(reader, await _size(reader))
    finally:
        writer.close()


def _question(host: str, target: str) -> bytes:
    """HTTP/1.0, so that no server sends it in chunks."""
    return f"GET {target or '/'} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: uclient-fetch\r\n\r\n".encode(
        "ascii"
    )


async def _size(reader: asyncio.StreamReader) -> int | None:
    """The file's size in bytes, None when the server does not say. Raises `Refused`."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    if int(first.split(" ", 2)[1]) != _OK:
        raise Refused(first)
    named = (line.partition(":") for line in lines)
    sizes = (int(value) for name, _, value in named if name.strip().lower() == "content-length")
    return next(sizes, None)


async def _tail(reader: asyncio.StreamReader, size: int | None) -> bytes:
    """Reads to the end. Raises `Refused` when the file was cut or is empty."""
    count, tail = 0, b""
    while piece := await reader.read(CHUNK):
        count += len(piece)
        tail = (tail + piece)[-TAIL:]
    if count == 0 or count != (size if size is not None else count):
        raise Refused(f"{count} bytes instead of {size}")
    return tail
