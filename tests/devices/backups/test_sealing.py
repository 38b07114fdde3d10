"""A sealed stream opens whole or not at all."""

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.backups import sealing
from devices.backups.errors import BackupBroken
from devices.backups.sealing import seal, unseal

KEY, OTHER = bytes(range(32)), bytes(32)
HEADER = 32


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "CHUNK", 64)


def sealed(plain: bytes, name: str = "one") -> bytes:
    return b"".join(seal([plain], KEY, name))


def opened(stream: bytes, name: str = "one", *keys: bytes) -> bytes:
    return b"".join(unseal([stream], keys or (KEY,), name))


def chunks(stream: bytes) -> list[bytes]:
    """Each with its length."""
    return [stream[at : at + 84] for at in range(HEADER, len(stream), 84)]


@given(st.lists(st.binary(max_size=200)), st.integers(1, 97))
def test_what_is_sealed_opens_however_it_is_cut(pieces: list[bytes], cut: int) -> None:
    stream = b"".join(seal(pieces, KEY, "one"))
    cut_up = (stream[at : at + cut] for at in range(0, len(stream), cut))
    assert b"".join(unseal(cut_up, [OTHER, KEY], "one")) == b"".join(pieces)


PLAIN = os.urandom(64 * 4 + 10)
HARM: dict[str, Callable[[bytes, list[bytes]], bytes]] = {
    "cut within a chunk": lambda head, parts: head + b"".join(parts)[:-1],
    "last chunk gone": lambda head, parts: head + b"".join(parts[:-1]),
    "all chunks gone": lambda head, parts: head,
    "two swapped": lambda head, parts: head + b"".join([parts[1], parts[0], *parts[2:]]),
    "one twice": lambda head, parts: head + b"".join([parts[0], *parts]),
    "one left out": lambda head, parts: head + b"".join([parts[0], *parts[2:]]),
    "something after the end": lambda head, parts: head + b"".join(parts) + parts[0],
    "a bit flipped": lambda head, parts: head + b"".join(parts)[:-5] + b"\0" * 5,
    "another salt": lambda head, parts: head[:-1] + bytes([head[-1] ^ 1]) + b"".join(parts),
    "an absurd length": lambda head, parts: head + b"\xff" + b"".join(parts)[1:],
    "nothing": lambda head, parts: b"",
    "something else": lambda head, parts: b"-- a dump that nobody sealed " * 9,
}


@pytest.mark.parametrize("harm", HARM)
def test_what_was_harmed_does_not_open(harm: str) -> None:
    stream = sealed(PLAIN)
    with pytest.raises(BackupBroken):
        opened(HARM[harm](stream[:HEADER], chunks(stream)))


@given(st.data())
def test_no_bit_may_change(data: st.DataObject) -> None:
    stream = bytearray(sealed(PLAIN))
    stream[data.draw(st.integers(0, len(stream) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BackupBroken):
        opened(bytes(stream))


def test_another_key_is_named() -> None:
    with pytest.raises(BackupBroken, match="None of BACKUP_KEYS opens this: it was sealed with the key"):
        opened(sealed(PLAIN), "one", OTHER)


def test_one_backup_cannot_stand_in_for_another() -> None:
    with pytest.raises(BackupBroken):
        opened(sealed(PLAIN), "two")


def test_the_same_is_never_sealed_the_same_way() -> None:
    assert sealed(PLAIN)[HEADER:] != sealed(PLAIN)[HEADER:]


def test_memory_does_not_grow_with_the_stream() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(64)

    stream = seal(endless(), KEY, "one")
    for _ in range(10):
        next(stream)
    assert taken < 15
