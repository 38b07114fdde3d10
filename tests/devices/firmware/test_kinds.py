"""What a file is, by its beginning; whether it is all there."""

import io
import struct
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as some

from devices.firmware.kinds import WRONG, Kind, Tar, announced, kind_of
from tests import images


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (images.sysupgrade(), Kind.TAR),
        (b"\xd0\x0d\xfe\xed" + bytes(100), Kind.FIT),
        (b"\x27\x05\x19\x56" + bytes(100), Kind.UIMAGE),
        (b"hsqs" + bytes(100), Kind.SQUASHFS),
        (b"\x1f\x8b\x08" + bytes(100), Kind.OTHER_FIRMWARE),
        (b"\x00\x01\x02 a vendor's own", Kind.UNKNOWN),
    ],
)
def test_plausible_firmware(head: bytes, kind: Kind) -> None:
    assert kind_of(head) == kind
    assert kind not in WRONG


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", Kind.PDF),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), Kind.PICTURE),
        (b"\xff\xd8\xff\xe0", Kind.PICTURE),
        (b"PK\x03\x04" + bytes(30), Kind.ARCHIVE),
        (b"\xfd7zXZ\0" + bytes(30), Kind.ARCHIVE),
        (b"BZh91AY&SY\xff" + bytes(30), Kind.ARCHIVE),
        (b"\x28\xb5\x2f\xfd" + bytes(30), Kind.ARCHIVE),
        (b"\n <!DOCTYPE html><html>", Kind.WEB_PAGE),
        (b"<html><body>404", Kind.WEB_PAGE),
        (b"\x7fELF\x02\x01", Kind.PROGRAM),
        (b"MZ\x90\x00", Kind.PROGRAM),
        ("Größe: 12 MB\n".encode() * 900, Kind.TEXT),
    ],
)
def test_plainly_something_else(head: bytes, kind: Kind) -> None:
    assert kind_of(head) == kind
    assert kind in WRONG


@pytest.mark.parametrize("shift", range(5))
def test_text_is_text_wherever_it_is_cut(shift: int) -> None:
    assert kind_of((b"x" * shift + "汉字🙂é".encode() * 900)[:4096]) == Kind.TEXT


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (b"\xd0\x0d\xfe\xed" + struct.pack(">I", 7000) + bytes(60), 7000),
        (b"\x27\x05\x19\x56" + bytes(8) + struct.pack(">I", 7000) + bytes(60), 7064),
        (b"hsqs" + bytes(36) + struct.pack("<Q", 7000) + bytes(60), 7000),
        (b"HDR0" + struct.pack("<I", 7000) + bytes(60), 7000),
        (b"hsqs", 64),
        (b"\x1f\x8b" + bytes(100), 0),
    ],
)
def test_a_header_says_how_much_there_must_be(head: bytes, size: int) -> None:
    assert announced(kind_of(head), head) == size


def follow(content: bytes, step: int = 1000) -> Tar:
    tar = Tar()
    for at in range(0, len(content), step):
        tar.feed(content[at : at + step])
    return tar


@given(some.integers(1, 5000), some.integers(0, 90_000))
def test_a_whole_tar_ends(step: int, size: int) -> None:
    assert follow(images.image(size=size), step).ended


@given(some.integers(min_value=0, max_value=69_000))
def test_a_cut_tar_does_not_end(kept: int) -> None:
    packed = images.sysupgrade()
    content_end = len(packed) - len(packed) % 512
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        content_end = max(entry.offset_data + entry.size for entry in tar)
    assert not follow(packed[: min(kept, content_end)]).ended


@given(some.binary(max_size=3000))
def test_any_bytes_can_be_followed(content: bytes) -> None:
    follow(content, 100)
    announced(kind_of(content), content)
