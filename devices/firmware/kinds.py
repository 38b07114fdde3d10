"""What kind of file this is, by how it begins, and whether it is all there. Pure.

Firmware begins in many ways, and some vendors' in ways that nobody has written down. So: a file that begins
as firmware is known to is taken; one that is plainly something else (a document, a picture, a web page, an
archive, a program, text) is not; of the rest we believe the person who says what it is for.
"""

import codecs
import struct
from enum import StrEnum

HEAD = 4096  # bytes that are enough to tell
_BLOCK = 512


class Kind(StrEnum):
    TAR = "tar"
    FIT = "fit"
    UIMAGE = "uimage"
    SQUASHFS = "squashfs"
    TRX = "trx"
    OTHER_FIRMWARE = "firmware"
    UNKNOWN = "unknown"
    PDF = "pdf"
    PICTURE = "picture"
    ARCHIVE = "archive"
    WEB_PAGE = "web page"
    PROGRAM = "program"
    TEXT = "text"


WRONG = {Kind.PDF, Kind.PICTURE, Kind.ARCHIVE, Kind.WEB_PAGE, Kind.PROGRAM, Kind.TEXT}
_BEGINNINGS = (
    (b"\xd0\x0d\xfe\xed", Kind.FIT),
    (b"\x27\x05\x19\x56", Kind.UIMAGE),
    (b"hsqs", Kind.SQUASHFS),
    (b"HDR0", Kind.TRX),
    (b"UBI#", Kind.OTHER_FIRMWARE),
    (b"\x1f\x8b", Kind.OTHER_FIRMWARE),  # gzip: disk images of x86 and boards with a card
    (b"\x85\x19", Kind.OTHER_FIRMWARE),  # JFFS2
    (b"%PDF", Kind.PDF),
    (b"\x89PNG", Kind.PICTURE),
    (b"\xff\xd8\xff", Kind.PICTURE),
    (b"GIF8", Kind.PICTURE),
    (b"PK\x03\x04", Kind.ARCHIVE),
    (b"PK\x05\x06", Kind.ARCHIVE),
    (b"Rar!", Kind.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
    (b"\xfd7zXZ\0", Kind.ARCHIVE),
    (b"BZh", Kind.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.ARCHIVE),  # zstd
    (b"!<arch>", Kind.ARCHIVE),
    (b"\xed\xab\xee\xdb", Kind.ARCHIVE),  # RPM
    (b"\x7fELF", Kind.PROGRAM),
    (b"MZ", Kind.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Kind.PROGRAM),  # Mach-O
)


def kind_of(head: bytes) -> Kind:
    """By the first ``HEAD`` bytes, or all where there are fewer."""
    if head[257:262] == b"ustar":
        return Kind.TAR
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    return _text_or_unknown(head[:HEAD])


def _text_or_unknown(head: bytes) -> Kind:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return Kind.WEB_PAGE
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # its last letter may be cut
    except UnicodeDecodeError:
        return Kind.UNKNOWN
    return Kind.TEXT if all(c.isprintable() or c in "\t\r\n\f" for c in text) else Kind.UNKNOWN


def announced(kind: Kind, head: bytes) -> int:
    """How many bytes the file's own header says there are at least; 0 when it does not say.

    Sources: the devicetree specification (totalsize), U-Boot's ``image.h`` (ih_size), squashfs' superblock
    (bytes_used), OpenWrt's ``trx.c``.
    """
    if len(head) < 64:
        return 64 if kind in {Kind.FIT, Kind.UIMAGE, Kind.SQUASHFS, Kind.TRX} else 0
    if kind == Kind.FIT:
        return int(struct.unpack_from(">I", head, 4)[0])
    if kind == Kind.UIMAGE:
        return int(struct.unpack_from(">I", head, 12)[0]) + 64
    if kind == Kind.SQUASHFS:
        return int(struct.unpack_from("<Q", head, 40)[0])
    return int(struct.unpack_from("<I", head, 4)[0]) if kind == Kind.TRX else 0


class Tar:
    """Follows a tar from header to header as it goes by, to know whether its end was there."""

    def __init__(self) -> None:
        self.ended = False
        self.broken = False
        self._skip = 0
        self._header = b""

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the file; what lies behind the tar's end does not matter."""
        at = 0
        while at < len(chunk) and not (self.ended or self.broken):
            if self._skip:
                step = min(self._skip, len(chunk) - at)
                self._skip -= step
            else:
                step = min(_BLOCK - len(self._header), len(chunk) - at)
                self._header += chunk[at : at + step]
                self._turn()
            at += step

    def _turn(self) -> None:
        """With a whole header: skip what it is of."""
        if len(self._header) < _BLOCK:
            return
        header, self._header = self._header, b""
        if not any(header):
            self.ended = True
        elif (size := _tar_size(header)) is None:
            self.broken = True
        else:
            self._skip = -(-size // _BLOCK) * _BLOCK


def _tar_size(header: bytes) -> int | None:
    """POSIX ustar: twelve octal digits. None when this is no header; GNU's base-256 is for above 8 GiB."""
    if header[257:262] != b"ustar":
        return None
    try:
        return int(header[124:136].strip(b"\0 ") or b"0", 8)
    except ValueError:
        return None
