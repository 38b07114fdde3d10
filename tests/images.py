"""Small firmware images as OpenWrt's build makes them: a sysupgrade tar, then fwtool's metadata at its end.

Written from the format (openwrt/fwtool: ``fwimage.h``, ``fwtool.c``), not with our reader.
"""

import base64
import hashlib
import io
import json
import struct
import tarfile
import zlib
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAGIC = b"FWx0"
SIGNATURE, METADATA = 0, 1
HARDWARE = "edgecore_eap101"
KEY_ID = bytes.fromhex("0102030405060708")


def image(
    version: str = "TIP-v4.2.0", compatibles: Sequence[str] = (HARDWARE,), size: int = 64 * 1024
) -> bytes:
    """One that says of itself what it is. ``size`` is about its bytes; equal arguments give equal bytes."""
    return with_metadata(sysupgrade(size), metadata(version, compatibles))


def ready(organisation: Any, version: str, size: int) -> int:
    """The primary key of one that may be rolled out at once, its file in the storage. Inside Django."""
    from devices import storage
    from devices.models import FirmwareImage
    from devices.models.firmware import ImageState

    content, key = image(version, size=size), f"firmware/ready/{version}.bin"
    storage.write(key, content)
    return FirmwareImage.objects.create(
        organisation=organisation,
        file_name=f"{version}.bin",
        key=key,
        size=len(content),
        state=ImageState.READY,
        version=version,
        compatibles=[HARDWARE],
    ).pk


def sysupgrade(size: int = 64 * 1024) -> bytes:
    """A tar of a kernel and a root file system, without any metadata."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in (
            ("CONTROL", b"BOARD=eap101\n"),
            ("kernel", _filler(4096)),
            ("root", _filler(size)),
        ):
            entry = tarfile.TarInfo(f"sysupgrade-eap101/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def metadata(version: str, compatibles: Sequence[str]) -> bytes:
    told = {
        "metadata_version": "1.1",
        "compat_version": "1.0",
        "supported_devices": list(compatibles),
        "version": {"dist": "OpenWrt", "version": version, "revision": "", "target": "ipq807x/generic"},
    }
    return json.dumps(told).encode()


def with_metadata(content: bytes, told: bytes) -> bytes:
    return _with_trailer(content, bytes(8) + told, METADATA)


def with_signature(content: bytes, signature: bytes) -> bytes:
    """usign's, as OpenWrt's build appends it after the metadata."""
    return _with_trailer(content, signature, SIGNATURE)


def _with_trailer(content: bytes, data: bytes, kind: int) -> bytes:
    body = content + data
    checksum = zlib.crc32(body) ^ 0xFFFFFFFF
    return body + struct.pack(">4sIB3xI", MAGIC, checksum, kind, len(data) + 16)


def _filler(size: int) -> bytes:
    """Bytes that look like nothing, the same each time."""
    return hashlib.shake_128(b"aerie").digest(size)


class Signer:
    """What ``minisign -G`` and ``minisign -S`` do, with a key made from its name."""

    def __init__(self, name: str = "release", key_id: bytes = KEY_ID) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.key_id = key_id

    @property
    def public_key(self) -> str:
        """One line, as FIRMWARE_PUBLIC_KEYS has it."""
        return base64.b64encode(b"Ed" + self.key_id + self._key.public_key().public_bytes_raw()).decode()

    def sign(self, content: bytes, *, comment: str = "timestamp:1700000000", legacy: bool = False) -> str:
        """The text of a ``.minisig`` file."""
        signed = content if legacy else hashlib.blake2b(content).digest()
        signature = self._key.sign(signed)
        sealed = self._key.sign(signature + comment.encode())
        first = base64.b64encode((b"Ed" if legacy else b"ED") + self.key_id + signature).decode()
        last = base64.b64encode(sealed).decode()
        return f"untrusted comment: signature\n{first}\ntrusted comment: {comment}\n{last}\n"
