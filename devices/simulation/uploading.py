"""Sends a file as a real client's curl does: multipart, fields ``name`` and ``data``. Blocking.

What goes wrong is the answer in words; a device has nobody to complain to.
"""

import secrets
import ssl
import urllib.error
import urllib.request

from devices.simulation.device import Upload

SECONDS = 30.0


def upload(what: Upload, context: ssl.SSLContext | None = None) -> str:
    """POST it. Returns how it went: the HTTP status, or the error's name."""
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\n{what.name}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="data"; filename="capture"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + what.data + f"\r\n--{boundary}--\r\n".encode()
    content = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    try:
        if not what.uri.startswith(("http://", "https://")):
            return "not an http address"
        request = urllib.request.Request(what.uri, body, content, method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=SECONDS, context=context) as answer:  # noqa: S310
            return str(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return str(refused.code)
    except (OSError, ValueError) as error:
        return type(error).__name__
