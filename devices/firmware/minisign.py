"""minisign's detached signatures of files. Pure.

Source: the format as described at https://jedisct1.github.io/minisign/. A signature is four lines: a comment
that means nothing, base64 of algorithm, key id and Ed25519 signature, a trusted comment, and base64 of a
second ("global") signature over the first one's 64 bytes and the trusted comment. Algorithm ``ED`` signs the
file's BLAKE2b-512, ``Ed`` (older) the file itself.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_TEXT = 4096  # characters of a signature file; real ones have some 300
_UNTRUSTED, _TRUSTED = "untrusted comment:", "trusted comment: "
_ID = slice(2, 10)


class Fault(StrEnum):
    FORM = "form"
    KEY = "key"
    FILE = "file"
    COMMENT = "comment"


class BadSignature(Exception):
    """Not to be believed, and why; for ``KEY``, ``key_id`` is the key it names."""

    def __init__(self, fault: Fault, key_id: str = "") -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.key_id = key_id


def _shown(key_id: bytes) -> str:
    """As minisign prints it."""
    return f"{int.from_bytes(key_id, 'little'):016X}"


@dataclass(frozen=True)
class PublicKey:
    id: bytes
    key: bytes

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """The line that ``minisign -G`` prints. Raises ``ValueError``."""
        raw = base64.b64decode(text.strip(), validate=True)
        if len(raw) != 42 or raw[:2] != b"Ed":
            raise ValueError("not a minisign public key: those begin with RW and have 56 characters")
        return cls(raw[_ID], raw[10:])

    @property
    def name(self) -> str:
        return _shown(self.id)


@dataclass(frozen=True)
class Signature:
    """``prehashed``: of the file's BLAKE2b-512 instead of the file."""

    prehashed: bool
    key_id: bytes
    signature: bytes
    comment: bytes
    sealed: bytes

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """The text of a ``.minisig`` file. Raises ``BadSignature``."""
        lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
        if len(text) > MAX_TEXT or len(lines) != 4:
            raise BadSignature(Fault.FORM)
        if not lines[0].startswith(_UNTRUSTED) or not lines[2].startswith(_TRUSTED):
            raise BadSignature(Fault.FORM)
        first, last = _decoded(lines[1], 74), _decoded(lines[3], 64)
        if first[:2] not in (b"Ed", b"ED"):
            raise BadSignature(Fault.FORM)
        comment = lines[2].removeprefix(_TRUSTED).encode()
        return cls(first[:2] == b"ED", first[_ID], first[10:], comment, last)

    def verify(self, signed: "bytes | memoryview", keys: Iterable[PublicKey]) -> PublicKey:
        """The key that proves it right. ``signed`` is the file's BLAKE2b-512, or for the older form the file.

        Raises ``BadSignature``.
        """
        for key in self.key_among(keys):
            if _proves(key, self.signature, signed):
                if not _proves(key, self.sealed, self.signature + self.comment):
                    raise BadSignature(Fault.COMMENT)
                return key
        raise BadSignature(Fault.FILE)

    def key_among(self, keys: Iterable[PublicKey]) -> list[PublicKey]:
        """Those it claims to be made with. Raises ``BadSignature`` when there is none."""
        named = [key for key in keys if key.id == self.key_id]
        if not named:
            raise BadSignature(Fault.KEY, _shown(self.key_id))
        return named


def _decoded(line: str, length: int) -> bytes:
    try:
        raw = base64.b64decode(line.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature(Fault.FORM) from None
    if len(raw) != length:
        raise BadSignature(Fault.FORM)
    return raw


def _proves(key: PublicKey, signature: bytes, signed: "bytes | memoryview") -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def parse_keys(texts: Sequence[str]) -> list[PublicKey]:
    """Public keys, one a text. Raises ``ValueError``."""
    return [PublicKey.parse(text) for text in texts if text.strip()]
