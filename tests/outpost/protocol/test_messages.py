"""Frames to the access point, and serials as people and machines write them."""

import base64
import json
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outpost.protocol.messages import (
    FRAME_LIMIT,
    MAX_NUMBER,
    FrameTooLarge,
    command,
    configure,
    normalise_serial,
    splice,
)

SERIAL = "903cb3aabb01"
KEYS = st.text().filter(lambda key: key != "uuid")
DOCUMENTS = st.dictionaries(KEYS, st.text() | st.integers(), max_size=5)


@pytest.mark.parametrize(
    "text", ["903cb3aabb01", "903CB3AABB01", "90:3c:b3:aa:bb:01", "90-3C-B3-AA-BB-01", " 903c.b3aa.bb01\n"]
)
def test_a_serial_in_any_notation_is_the_same_serial(text):
    assert normalise_serial(text) == SERIAL


@pytest.mark.parametrize("text", ["", " :", "903cb3aabb0", "903cb3aabb011", "903cb3aabbzz", "９03cb3aabb01"])
def test_what_is_no_serial_is_refused_in_words(text):
    with pytest.raises(ValueError, match=r"^(A|The) serial .*\.$"):
        normalise_serial(text)


@given(DOCUMENTS, st.integers(1, MAX_NUMBER))
def test_the_uuid_is_spliced_into_any_document(document, uuid):
    spliced = splice(json.dumps(document).encode(), uuid)
    assert json.loads(spliced) == {"uuid": uuid, **document}


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"{", b'{"uuid":1}', b'{"a":1}x', b"[" * 100_000])
def test_a_document_that_cannot_take_a_uuid_is_refused(document):
    with pytest.raises(ValueError, match="configuration"):
        splice(document, 5)


@pytest.mark.parametrize("uuid", [0, -1, 2**31, 3_000_000_000])
def test_a_uuid_the_access_point_would_refuse_is_refused_here(uuid):
    with pytest.raises(ValueError, match="uuid"):
        splice(b"{}", uuid)


def test_a_configure_frame_says_the_number_twice():
    frame = json.loads(configure(7, SERIAL, 42, b'{"unit":{"name":"a"}}'))
    assert (frame["jsonrpc"], frame["id"], frame["method"]) == ("2.0", 7, "configure")
    config = {"uuid": 42, "unit": {"name": "a"}}
    assert frame["params"] == {"serial": SERIAL, "uuid": 42, "when": 0, "config": config}


def sized_document(frame_size):
    """A document whose plain configure frame has exactly this many bytes."""
    spare = frame_size - len(configure(7, SERIAL, 42, b'{"a":""}'))
    return b'{"a":"%s"}' % (b"x" * spare)


def test_a_frame_just_under_32_kib_goes_plain():
    frame = configure(7, SERIAL, 42, sized_document(FRAME_LIMIT), compress=True)
    assert len(frame) == 32 * 1024 - 1
    assert b"compress_64" not in frame


def test_a_larger_frame_goes_compressed_where_that_is_understood():
    document = sized_document(FRAME_LIMIT + 1)
    params = json.loads(configure(7, SERIAL, 42, document, compress=True))["params"]
    inflated = zlib.decompress(base64.b64decode(params["compress_64"]))
    assert len(inflated) == params["compress_sz"]
    assert json.loads(inflated)["config"] == {"uuid": 42, **json.loads(document)}


def test_a_larger_frame_is_refused_where_compression_is_not_understood():
    with pytest.raises(FrameTooLarge, match=r"32768 bytes"):
        configure(7, SERIAL, 42, sized_document(FRAME_LIMIT + 1))


def test_what_does_not_fit_even_compressed_is_refused():
    noise = base64.b64encode(random.Random(1).randbytes(40_000))
    with pytest.raises(FrameTooLarge):
        configure(7, SERIAL, 42, b'{"a":"%s"}' % noise, compress=True)


def test_commands_carry_serial_and_when():
    assert json.loads(command(1, "reboot", SERIAL, {}))["params"] == {"serial": SERIAL, "when": 0}
    blink = json.loads(command(2, "leds", SERIAL, {"pattern": "blink", "duration": 60}))
    assert blink["method"] == "leds"
    assert blink["params"] == {"pattern": "blink", "duration": 60, "serial": SERIAL, "when": 0}


def test_a_commands_params_cannot_change_whom_it_is_for():
    frame = json.loads(command(3, 'a"b', SERIAL, {"serial": "ffffffffffff", "when": 9}))
    assert frame["method"] == 'a"b'
    assert frame["params"] == {"serial": SERIAL, "when": 0}
