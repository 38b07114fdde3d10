"""Reading a backup: checked from the first byte to the last, on the way to wherever it goes."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import zstandard

from devices import storage
from devices.backups import catalogue, sealing
from devices.backups.catalogue import Manifest
from devices.backups.counting import Rows
from devices.backups.creating import keys
from devices.backups.errors import BackupBroken, NoSuchBackup

PIECE = 1024 * 1024  # bytes of SQL at a time

# Told the bytes of the stored file read so far.
Tell = Callable[[int], None]


def sealed(manifest: Manifest, tell: Tell = lambda read: None) -> Iterator[bytes]:
    """The stored file. Raises ``BackupBroken`` at its end when it is not the one that was written."""
    digest, read = hashlib.sha256(), 0
    for piece in _stored(manifest.name):
        digest.update(piece)
        read += len(piece)
        tell(read)
        yield piece
    if (read, digest.hexdigest()) != (manifest.stored, manifest.sha256):
        raise BackupBroken(
            f"{manifest.name}: what is stored has {read:,} bytes of {manifest.stored:,} or another checksum."
        )


def dump(manifest: Manifest, tell: Tell = lambda read: None) -> Iterator[bytes]:
    """The SQL. Raises ``BackupBroken``, possibly after most of it was handed out."""
    plain = sealing.unseal(sealed(manifest, tell), keys(), manifest.name)
    return _checked(_decompressed(plain), manifest)


def verify(manifest: Manifest, tell: Tell = lambda read: None) -> None:
    """Read all of it. Raises ``BackupBroken`` when anything is not as it was written."""
    for _ in dump(manifest, tell):
        pass


def _stored(name: str) -> Iterator[bytes]:
    try:
        yield from storage.chunks(catalogue.dump_key(name))
    except FileNotFoundError:
        raise NoSuchBackup(f"The file of backup {name} is gone; its manifest is still there.") from None


def _decompressed(compressed: Iterable[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    try:
        for piece in compressed:
            # Halves of a chunk: a run of equal bytes could grow a thousandfold.
            for at in range(0, len(piece), PIECE // 16):
                yield decompressor.decompress(piece[at : at + PIECE // 16])
    except zstandard.ZstdError as error:
        raise BackupBroken(f"What was sealed cannot be decompressed: {error}") from None
    if not decompressor.eof:
        raise BackupBroken("What was sealed is cut off.")


def _checked(pieces: Iterable[bytes], manifest: Manifest) -> Iterator[bytes]:
    """Hands everything on and compares with the manifest at the end."""
    rows, held = Rows(), b""
    for piece in pieces:
        yield piece
        *lines, held = (held + piece).split(b"\n")
        for line in lines:
            rows.see(line)
    if not rows.completed:
        raise BackupBroken("The dump does not end as a complete one does.")
    if dict(rows.tables) != manifest.tables:
        raise BackupBroken("The dump does not hold the rows its manifest tells of.")
