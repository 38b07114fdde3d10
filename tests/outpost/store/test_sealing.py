"""A sealed document opens for its own serial, with a key of the ring, unaltered; or not at all."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outpost.store.sealing import Seal, SealBroken, parse_keys

OLD, NEW, OTHERS = b"o" * 32, b"n" * 32, b"x" * 32
CAFE, ROOF = "903cb3aabb01", "903cb3aabb02"


@given(st.binary(max_size=5_000))
def test_what_is_sealed_opens(plaintext: bytes) -> None:
    seal = Seal([NEW])
    assert seal.open(CAFE, seal.seal(CAFE, plaintext)) == plaintext


def test_sealing_twice_differs_and_hides() -> None:
    seal = Seal([NEW])
    first, second = seal.seal(CAFE, b"passphrase"), seal.seal(CAFE, b"passphrase")
    assert first != second
    assert b"passphrase" not in first


def test_another_serial_cannot_open_it() -> None:
    seal = Seal([NEW])
    with pytest.raises(SealBroken, match=ROOF):
        seal.open(ROOF, seal.seal(CAFE, b"text"))


@given(st.integers(0, 41), st.integers(1, 255))
def test_any_altered_byte_breaks_it(position: int, change: int) -> None:
    sealed = bytearray(Seal([NEW]).seal(CAFE, b"0123456789"))
    sealed[position] ^= change
    with pytest.raises(SealBroken):
        Seal([NEW]).open(CAFE, bytes(sealed))


@given(st.binary(max_size=60))
def test_noise_never_opens(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        Seal([NEW]).open(CAFE, noise)


@pytest.mark.parametrize("length", [0, 3, 4, 16, 31])
def test_a_cut_one_never_opens(length: int) -> None:
    with pytest.raises(SealBroken):
        Seal([NEW]).open(CAFE, Seal([NEW]).seal(CAFE, b"")[:length])


def test_rotation_old_keys_open_the_first_seals() -> None:
    before = Seal([OLD]).seal(CAFE, b"text")
    ring = Seal([NEW, OLD])
    assert ring.open(CAFE, before) == b"text"
    assert Seal([NEW]).open(CAFE, ring.seal(CAFE, b"text")) == b"text"


def test_without_its_key_it_stays_shut() -> None:
    with pytest.raises(SealBroken, match="not known here"):
        Seal([NEW]).open(CAFE, Seal([OTHERS]).seal(CAFE, b"text"))


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, b""]])
def test_a_ring_needs_proper_keys(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(keys)


def test_keys_are_a_list_in_either_alphabet() -> None:
    odd = bytes(range(224, 256))
    text = f" {base64.b64encode(odd).decode()}, {base64.urlsafe_b64encode(odd).decode()},"
    assert parse_keys(text) == (odd, odd)


@pytest.mark.parametrize(("text", "words"), [("!!!", "key 1 is not base64"), ("AAAA", "key 1 has 3 bytes")])
def test_a_wrong_key_is_named_by_its_place(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_keys(text)
    with pytest.raises(ValueError, match="key 2"):
        parse_keys(f"{base64.b64encode(NEW).decode()},{text}")
