"""A stream of bytes sealed in numbered chunks, so that nothing cut off, moved or altered opens.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and
its Nonce-Reuse Misuse-Resistance, 2015): AES-256-GCM, the nonce counts chunks and marks the last
one. Each stream has a key of its own, derived by HKDF-SHA256 from one of ``BACKUP_KEYS`` and a salt.

Layout: ``AERIEBK1``, 8 bytes of key id, 16 of salt, then per chunk 4 bytes of length and the sealed chunk.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accounts.keyring import key_id
from devices.backups.errors import BackupBroken

MAGIC = b"AERIEBK1"
CHUNK = 1024 * 1024  # bytes of plaintext in each chunk but the last
_SALT, _ID, _TAG = 16, 8, 16
_LENGTH = struct.Struct(">I")


def seal(plain: Iterable[bytes], key: bytes, name: str) -> Iterator[bytes]:
    """The sealed stream, in pieces. It opens under this ``name`` only."""
    salt = os.urandom(_SALT)
    cipher = _cipher(key, salt)
    yield MAGIC + key_id(key).encode() + salt
    for number, (chunk, last) in enumerate(_marked(_chunks(plain))):
        sealed = cipher.encrypt(_nonce(number, last), chunk, name.encode())
        yield _LENGTH.pack(len(sealed)) + sealed


def unseal(sealed: Iterable[bytes], keys: Sequence[bytes], name: str) -> Iterator[bytes]:
    """The plain stream. Raises ``BackupBroken``, at the latest where the stream ends too early."""
    stream = Reader(sealed)
    header = stream.exactly(len(MAGIC) + _ID + _SALT)
    if not header.startswith(MAGIC):
        raise BackupBroken("This is no backup of Aerie's.")
    cipher = _cipher(_key(header[len(MAGIC) :][:_ID], keys), header[-_SALT:])
    number, last = 0, False
    while not last:
        chunk = _next(stream)
        last = stream.is_empty
        try:
            yield cipher.decrypt(_nonce(number, last), chunk, name.encode())
        except InvalidTag:
            raise BackupBroken(
                f"Chunk {number + 1} does not open: altered, moved, or the end is missing."
            ) from None
        number += 1


class Reader:
    """Takes pieces of any size and hands out as many bytes as are asked for."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = bytearray()

    def exactly(self, size: int) -> bytes:
        self._fill(size)
        if len(self._held) < size:
            raise BackupBroken("The backup is cut off.")
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    @property
    def is_empty(self) -> bool:
        self._fill(1)
        return not self._held

    def _fill(self, size: int) -> None:
        while len(self._held) < size:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._held += piece


def _next(stream: Reader) -> bytes:
    (length,) = _LENGTH.unpack(stream.exactly(_LENGTH.size))
    if not _TAG <= length <= CHUNK + _TAG:
        raise BackupBroken("A chunk's length is not one of ours.")
    return stream.exactly(length)


def _key(name: bytes, keys: Sequence[bytes]) -> bytes:
    for key in keys:
        if key_id(key).encode() == name:
            return key
    told = name.decode(errors="replace")
    raise BackupBroken(f"None of BACKUP_KEYS opens this: it was sealed with the key {told}.")


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"aerie backup").derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _chunks(plain: Iterable[bytes]) -> Iterator[bytes]:
    """As long as ``CHUNK`` each; the last one shorter, possibly empty."""
    held = bytearray()
    for piece in plain:
        held += piece
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    yield bytes(held)


def _marked(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each with whether it is the last."""
    held = next(chunks)
    for chunk in chunks:
        yield held, False
        held = chunk
    yield held, True
