"""fwtool's trailers: what is right is read, and whatever is wrong is Damaged, never an accident."""

import io
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from devices.firmware import hardware, trailer
from devices.firmware.trailer import Damaged, Fault, Metadata, Tail
from tests import images

CONTENT = b"kernel and root" * 100


def read(content: bytes) -> Metadata | None:
    return trailer.of_file(io.BytesIO(content))


def outcome(content: bytes) -> Metadata | Fault | None:
    try:
        return read(content)
    except Damaged as damaged:
        return damaged.fault


def told(**fields: object) -> Metadata | None:
    return read(images.with_metadata(CONTENT, json.dumps(fields).encode()))


def test_version_and_hardware_are_read() -> None:
    found = read(images.image(version="TIP-v4.2.0", compatibles=["edgecore,eap101", "cig_wf188n"]))
    assert found == Metadata("TIP-v4.2.0", ("cig_wf188n", "edgecore_eap101"))


def test_metadata_below_a_signature_is_read() -> None:
    assert read(images.with_signature(images.image(version="4.2"), b"usign" * 20)).version == "4.2"


def test_a_file_without_a_trailer_says_nothing() -> None:
    assert read(images.sysupgrade()) is None
    assert read(b"") is None


def test_release_and_revision_make_the_version() -> None:
    found = told(version={"dist": "OpenWrt", "version": "23.05.2", "revision": "r23630-842932a63d"})
    assert found == Metadata("23.05.2 r23630-842932a63d", ())


def test_the_new_list_of_devices_counts_where_the_old_one_explains_a_refusal() -> None:
    found = told(
        compat_version="2.0",
        new_supported_devices=["xiaomi,ax3000t"],
        supported_devices=["xiaomi,ax3000t - Image version mismatch: image 2.0, device 1.0"],
    )
    assert found.compatibles == ("xiaomi_ax3000t",)


def test_an_explanation_is_no_device() -> None:
    assert told(supported_devices=["Please wipe the configuration", "*", 7, None]).compatibles == ()


@pytest.mark.parametrize("lost", [1, 15, 16, 17, 500])
def test_a_file_whose_end_was_cut_does_not_pass(lost: int) -> None:
    whole = images.with_signature(images.image(), b"usign" * 20)
    assert outcome(whole[:-lost]) in (None, Fault.SIZE, Fault.CHECKSUM)  # None: no trailer left to see


def test_a_changed_byte_is_noticed() -> None:
    whole = bytearray(images.image(size=200_000))
    whole[1000] ^= 1
    with pytest.raises(Damaged, match="checksum"):
        read(bytes(whole))


@pytest.mark.parametrize("size", [0, 15, 2**31, 2**32 - 1, trailer.MAX_DATA + 17])
def test_a_size_that_cannot_be_is_refused(size: int) -> None:
    with pytest.raises(Damaged, match="size"):
        read(bytes(trailer.MAX_DATA * 2) + struct.pack(">4sIB3xI", b"FWx0", 0, 1, size))


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'"text"', b"[" * 20_000, b"\xff\xfe", b"null"])
def test_metadata_that_is_not_an_object_is_refused(data: bytes) -> None:
    with pytest.raises(Damaged, match="metadata"):
        read(images.with_metadata(CONTENT, data))


@given(some.binary(max_size=300))
def test_any_metadata_is_read_or_refused(data: bytes) -> None:
    try:
        found = read(images.with_metadata(CONTENT, data))
    except Damaged:
        return
    assert found is not None


_json = some.recursive(
    some.none() | some.booleans() | some.floats() | some.text(max_size=300) | some.integers(),
    lambda inner: some.lists(inner, max_size=5) | some.dictionaries(some.text(max_size=9), inner, max_size=5),
    max_leaves=12,
)


@given(_json, _json, _json)
def test_any_json_gives_bounded_plain_values(version: object, devices: object, newer: object) -> None:
    found = told(version=version, supported_devices=devices, new_supported_devices=newer)
    assert len(found.version) <= trailer.MAX_VERSION
    assert found.version.isprintable()
    assert all(hardware.is_name(name) and hardware.canonical(name) == name for name in found.compatibles)


@given(some.binary(max_size=4000))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for hostile in (content, content + b"FWx0" + content[:12]):
        assert outcome(hostile) is None or isinstance(outcome(hostile), Fault | Metadata)


@settings(max_examples=30)
@given(some.lists(some.integers(min_value=1, max_value=400_000), max_size=8), some.integers(0, 900_000))
def test_it_does_not_matter_how_the_file_is_cut_into_pieces(cuts: list[int], size: int) -> None:
    whole, tail, at = images.image(size=size), Tail(), 0
    for cut in [*cuts, len(whole)]:
        tail.feed(whole[at : at + cut])
        at += cut
    assert tail.size == len(whole)
    assert tail.metadata() == Metadata("TIP-v4.2.0", ("edgecore_eap101",))


def test_memory_stays_bounded_however_long_the_file() -> None:
    tail = Tail()
    for _ in range(200):
        tail.feed(bytes(100_000))
        assert len(tail._last) < trailer.TAIL + trailer.CHUNK + 100_000


def test_a_hundred_trailers_end_the_search() -> None:
    stacked = CONTENT
    for _ in range(100):
        stacked = images.with_signature(stacked, b"s")
    assert read(stacked) is None
