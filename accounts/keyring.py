"""Field encryption: AES-256-GCM, each value bound to the place it belongs to.

The keyring comes from ``FIELD_ENCRYPTION_KEYS``: the first key encrypts, every
key decrypts, so that keys rotate without a stop (``manage.py rotate_keys``).
A sealed value reads ``<key id>:<base64 of nonce, ciphertext and tag>``. The
context (``table:pk:column``) is authenticated: a value copied to another row
does not open.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12
KEY_BYTES = 32


class BrokenSecret(Exception):
    """A sealed value that no key of the keyring opens in this context."""


class Keyring:
    """Seals with its first key, opens with any. ``keys`` are 32 bytes each."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"A keyring needs keys of {KEY_BYTES} bytes each")
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self.current = key_id(keys[0])

    def seal(self, plaintext: str, context: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.current].encrypt(nonce, plaintext.encode(), context.encode())
        return f"{self.current}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """Raises ``BrokenSecret`` when altered, moved, or sealed with a key we do not hold."""
        name, _, body = sealed.partition(":")
        try:
            raw = base64.b64decode(body, validate=True)
            return (
                self._ciphers[name].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode()).decode()
            )
        except (KeyError, InvalidTag, ValueError, binascii.Error):
            raise BrokenSecret(f"No key opens this value of {context}") from None

    def is_current(self, sealed: str) -> bool:
        return sealed.startswith(f"{self.current}:")


def key_id(key: bytes) -> str:
    """Eight hex digits that name a key without telling it."""
    return hashlib.sha256(b"aerie key id" + key).hexdigest()[:8]


def parse_keys(text: str) -> list[bytes]:
    """Keys from a comma list of base64. Raises ``ValueError`` naming the position of a bad one."""
    keys = []
    for position, part in enumerate(filter(None, (p.strip() for p in text.split(","))), start=1):
        try:
            key = base64.b64decode(part, validate=True)
        except binascii.Error:
            raise ValueError(f"key {position} is not base64") from None
        if len(key) != KEY_BYTES:
            raise ValueError(f"key {position} has {len(key)} bytes, not {KEY_BYTES}")
        keys.append(key)
    return keys


@lru_cache(maxsize=4)
def _keyring(keys: tuple[bytes, ...]) -> Keyring:
    return Keyring(keys)


def keyring() -> Keyring:
    """The keyring of the settings."""
    return _keyring(tuple(settings.FIELD_ENCRYPTION_KEYS))
