"""Two check-ins of one access point in one batch, and documents as they come out of the store."""

import zlib

import pytest

from outpost.batches import _later
from outpost.deliveries import MOST_DOCUMENT, open_document
from outpost.store.contract import Desired, Seen
from outpost.store.sealing import Seal, SealBroken

SERIAL = "903cb3aabb01"
SEAL = Seal([bytes(32)])
STATE = Seen(SERIAL, 7, 10.0, 5, b"{}")


def test_a_later_sign_of_life_keeps_the_state():
    assert _later(STATE, Seen(SERIAL, 7, 20.0)) == Seen(SERIAL, 7, 20.0, 5, b"{}")


def test_a_later_state_replaces_an_earlier():
    newer = Seen(SERIAL, 7, 20.0, 6, b"[]")
    assert _later(STATE, newer) == newer


def test_another_session_inherits_nothing():
    newer = Seen(SERIAL, 8, 20.0)
    assert _later(STATE, newer) == newer


def desired(document, serial=SERIAL):
    return Desired(SERIAL, 5, "hash", SEAL.seal(serial, document), "network")


def test_a_document_is_opened_and_inflated():
    assert open_document(SEAL, desired(zlib.compress(b'{"a":1}'))) == b'{"a":1}'


@pytest.mark.parametrize(
    ("sealed", "error"),
    [
        (desired(zlib.compress(b"{}"), "ffffffffffff"), SealBroken),
        (desired(b"never compressed"), zlib.error),
        (desired(zlib.compress(b'{"a":1}')[:-3]), ValueError),
        (desired(zlib.compress(bytes(MOST_DOCUMENT + 1))), ValueError),
    ],
    ids=["another's", "not compressed", "cut off", "a bomb"],
)
def test_a_document_that_cannot_be_trusted_is_not_used(sealed, error):
    with pytest.raises(error):
        open_document(SEAL, sealed)
