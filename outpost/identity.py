"""Which access point a connection proved to be: by client certificate, by key, or (demo only) by its word.

A key is derived from the serial and a secret, so that nothing is stored per access point:
base64url(HMAC-SHA256(secret, serial)) without padding, sent as ``Authorization: Bearer <key>``.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from outpost.protocol.messages import normalise_serial
from outpost.tls import common_name

Admits = Callable[[str], bool]
Refusal = Literal["no_certificate", "bad_certificate", "no_key", "bad_key", "bad_serial"]


class NotAdmitted(Exception):
    """The connection proved nothing. ``reason`` is a counter's label."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason


def device_key(secret: bytes, serial: str) -> str:
    """The key of one access point; ``serial`` in normal form."""
    digest = hmac.digest(secret, serial.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def by_certificate(peer_certificate: Mapping[str, Any] | None) -> Admits:
    """The serial that the verified certificate's CN names. Raises ``NotAdmitted``."""
    if not peer_certificate:
        raise NotAdmitted("no_certificate")
    try:
        return normalise_serial(common_name(peer_certificate)).__eq__
    except ValueError:
        raise NotAdmitted("bad_certificate") from None


def by_key(headers: Mapping[str, str], secrets: Sequence[bytes]) -> Admits:
    """The serial that ``X-Serial`` names and the key proves; without the header the key must prove
    the serial of the connect frame. Raises ``NotAdmitted``."""
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NotAdmitted("no_key")
    proof = _Key(key.strip(), secrets)
    if (claimed := headers.get("X-Serial")) is None:
        return proof
    serial = _normalised(claimed)
    if not proof(serial):
        raise NotAdmitted("bad_key")
    return serial.__eq__


def by_word(serial: str) -> bool:
    """Believe every serial: for a demo that only this machine can reach."""
    return True


class _Key:
    """A key someone showed, waiting for the serial it is for. Never in a repr."""

    __slots__ = ("_key", "_secrets")

    def __init__(self, key: str, secrets: Sequence[bytes]) -> None:
        self._key = key.encode(errors="surrogateescape")  # as headers come
        self._secrets = secrets

    def __call__(self, serial: str) -> bool:
        """Whether it proves this serial; every secret is tried, in constant time each."""
        proofs = [hmac.compare_digest(device_key(one, serial).encode(), self._key) for one in self._secrets]
        return any(proofs)


def _normalised(serial: str) -> str:
    try:
        return normalise_serial(serial)
    except ValueError:
        raise NotAdmitted("bad_serial") from None
