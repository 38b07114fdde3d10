"""Configurations are sealed before they enter the live store, which thus never holds a passphrase in clear.

AES-256-GCM; the serial is authenticated with the text, so a sealed document moved to another
access point's record does not open. The keys are the live store's own (``OUTPOST_STORE_KEYS``):
the outpost never knows the keys of the database.

Sealed form: 4 bytes key id (start of the key's SHA-256), 12 bytes nonce, ciphertext with its 16-byte tag.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_OVERHEAD = _ID_BYTES + _NONCE_BYTES + 16


class SealBroken(Exception):
    """The sealed bytes were altered, belong to another serial, or their key is not known here."""


def parse_keys(text: str, minimum: int = KEY_BYTES, maximum: int | None = KEY_BYTES) -> tuple[bytes, ...]:
    """Keys from a comma list of base64 (standard or URL-safe alphabet), 32 bytes each unless told otherwise.

    Raises ``ValueError`` in words that name the position of the wrong key, never the key.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(_parse_key(number, part, minimum, maximum) for number, part in enumerate(parts, 1))


def _parse_key(number: int, text: str, minimum: int, maximum: int | None) -> bytes:
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"key {number} is not base64") from None
    if len(key) < minimum or (maximum is not None and len(key) > maximum):
        wanted = f"{minimum}" if minimum == maximum else f"at least {minimum}"
        raise ValueError(f"key {number} has {len(key)} bytes, not {wanted}")
    return key


class Seal:
    """A keyring: the first key seals, every key opens. Rotate by putting a new key first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Raises ``ValueError`` without keys or when one is not 32 bytes."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError("A seal needs at least one key, each of 32 bytes.")
        self._current = _key_id(keys[0])
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}

    def seal(self, serial: str, plaintext: bytes) -> bytes:
        """Encrypt for this serial only; the result differs each time."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, plaintext, _associated(serial))
        return self._current + nonce + sealed

    def open(self, serial: str, sealed: bytes) -> bytes:
        """The plaintext. Raises ``SealBroken``."""
        cipher = self._ciphers.get(bytes(sealed[:_ID_BYTES]))
        if cipher is None or len(sealed) < _OVERHEAD:
            raise SealBroken(f"The sealed document of {serial} was sealed with a key not known here.")
        nonce, text = sealed[_ID_BYTES : _ID_BYTES + _NONCE_BYTES], sealed[_ID_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, text, _associated(serial))
        except InvalidTag:
            raise SealBroken(f"The sealed document of {serial} was altered or is another's.") from None


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"live store key id:" + key).digest()[:_ID_BYTES]


def _associated(serial: str) -> bytes:
    return b"desired:" + serial.encode()
