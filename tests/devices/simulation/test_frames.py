"""Frames in and out."""

import base64
import json
import zlib

import pytest

from devices.simulation import commands, frames
from tests.devices.simulation.documents import NOW, command, configured, device, document, played, said


def packed(params, **more):
    text = json.dumps(params).encode()
    return {"compress_64": base64.b64encode(zlib.compress(text)).decode(), "compress_sz": len(text), **more}


def longest(length, **params):
    """A configure command of exactly `length` bytes."""
    frame = command("configure", **params, filler="")
    return command("configure", **params, filler="x" * (length - len(frame)))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 20000,
        b'{"id":1,"method":"reboot"}',
        b'{"jsonrpc":"2.0","method":"reboot"}',
        b'{"jsonrpc":"2.0","id":"1","method":"reboot"}',
        b'{"jsonrpc":"2.0","id":2147483648,"method":"reboot"}',
        b'{"jsonrpc":"2.0","id":1,"method":5}',
        b'{"jsonrpc":"2.0","id":1,"method":"reboot","params":[]}',
        command("configure", compress_64="%%%"),
        command("configure", compress_64=base64.b64encode(b"not zlib").decode()),
        command("configure", **packed([])),
        command("configure", **packed({"uuid": 1}, compress_sz=5)),
        command("configure", compress_64=base64.b64encode(zlib.compress(b" " * 5_000_000)).decode()),
    ],
)
def test_unreadable_frames_meet_silence(frame):
    one = device()
    assert commands.receive(one, frame, NOW) == []
    assert one.unreadable == 1


@pytest.mark.parametrize(("length", "answers"), [(32 * 1024, 1), (32 * 1024 + 1, 0)])
def test_a_frame_may_have_32_kib(length, answers):
    frame = longest(length, uuid=100, config=document(100))
    assert len(frame) == length
    assert len(said(played(device(), frame))) == answers


def test_a_long_configuration_comes_packed():
    one = device()
    frame = command("configure", **packed({"uuid": 100, "config": document(100, "a", notes="x" * 40_000)}))
    assert len(frame) < 32 * 1024
    assert said(played(one, frame))[0]["result"]["uuid"] == 100


def test_the_unpacked_size_may_be_missing():
    params = packed({"uuid": 100, "config": document(100)})
    del params["compress_sz"]
    assert len(configured(played(device(), command("configure", **params)))) == 1


def test_a_model_without_compress_cmd_sees_no_configuration_in_a_packed_one():
    one = device(model="hfcl_ion4xe")
    answer = said(played(one, command("configure", **packed({"uuid": 100, "config": document(100)}))))[0]
    assert answer["result"]["status"] == {"error": 2, "text": "invalid parameters"}


def test_long_states_travel_packed():
    message = {"method": "state", "params": {"serial": "a", "state": {"x": "é" * 3000}}}
    params = json.loads(frames.encode(message))["params"]
    body = zlib.decompress(base64.b64decode(params["compress_64"]))
    assert json.loads(body) == message["params"]
    assert params["compress_sz"] == len(body)


@pytest.mark.parametrize("method", ["state", "connect"])
def test_short_states_and_everything_else_travel_as_they_are(method):
    message = {"method": method, "params": {"serial": "a", "x": "é"}}
    assert json.loads(frames.encode(message)) == {"jsonrpc": "2.0", **message}
