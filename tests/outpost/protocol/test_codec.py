"""Frames of real clients are understood; broken ones are errors with a name, whatever they are."""

import base64
import json
import zlib

import pytest

from outpost.protocol.codec import MAX_FRAME, MAX_INFLATED, ProtocolError, decode
from outpost.protocol.messages import Connect, Event, HealthCheck, Log, Noted, Result, State, Unknown
from tests.outpost.protocol.frames import SAMPLES, compressed, connect, event, result, said, sample, state

KINDS = {"connect": Connect, "log": Log, "result": Result, "healthcheck": HealthCheck, "event": Event}


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.stem)
def test_every_recorded_frame_is_decoded(path):
    assert type(decode(path.read_bytes())) is KINDS[path.stem.split("-")[1]]


def test_a_connect_frame_says_who_what_and_how():
    message = decode(sample("ap-connect"))
    assert (message.serial, message.uuid, message.reason) == ("903cb3aabb01", 1, "coldboot")
    assert message.firmware == "OpenWrt 25.12 / TIP-v4.2.0-test"
    assert (message.compatible, message.compress) == ("edgecore_eap101", True)
    assert message.capabilities["network"] == {"lan": ["eth1", "eth2"], "wan": ["eth0"]}


def test_a_client_without_compression_says_nothing_of_it():
    assert decode(sample("switch-connect")).compress is False


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("ap-result-error0", 0, "triggered command action"),
        ("ap-result-error2", 2, "Command returned an error"),
        ("ap-result-error255", 255, "timed out"),
        ("ap-result-error7", 7, ""),
        ("switch-result-error0", 0, ""),
    ],
)
def test_an_answer_has_an_error_number_and_maybe_words(name, error, text):
    answer = decode(sample(name))
    assert (answer.error, answer.text) == (error, text)


def test_an_answer_without_status_is_no_success():
    assert decode(b'{"id":3,"result":{"serial":"903cb3aabb01"}}').error == -1


def test_a_json_rpc_error_is_an_answer():
    answer = decode(b'{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"Method not found"}}')
    assert (answer.id, answer.error, answer.text) == (3, -32601, "Method not found")


def test_rejected_parts_are_strings_whatever_they_were():
    answer = decode(result(3, 1, rejected=["a radio", {"path": "x"}, 5]))
    assert answer.rejected == ["a radio", '{"path":"x"}', "5"]


def test_the_state_stays_raw():
    raw = b'{ "unit" : {"load":[0.1,  0.2]} }'
    frame = b'{"method":"state","params":{"serial":"903cb3aabb01","uuid":7,"state":%s}}' % raw
    assert decode(frame) == State("903cb3aabb01", 7, raw)


@pytest.mark.parametrize("fields", [{}, {"compress_sz": 9_999}, {"compress_sz": 70}])
def test_a_compressed_state_is_inflated_whatever_size_it_claims(fields):
    params = b'{"serial":"903cb3aabb01","uuid":7,"state":{"a":1}}'
    assert decode(compressed("state", params, **fields)) == State("903cb3aabb01", 7, b'{"a":1}')


def test_a_compressed_answer_is_inflated():
    inner = json.loads(compressed("x", b'{"serial":"903cb3aabb01","uuid":7,"status":{"error":0}}'))["params"]
    assert decode(json.dumps({"id": 4, "result": inner}).encode()).uuid == 7


@pytest.mark.parametrize("method", ["telemetry", "alarm", "rebootLog", "crashlog", "venue_broadcast", "ping"])
def test_known_methods_of_no_use_are_signs_of_life(method):
    assert decode(said(method, loglines=["x"])) == Noted(method, "903cb3aabb01")


def test_a_radius_frame_is_a_sign_of_life():
    assert decode(b'{"radius":"auth","data":"AQID"}') == Noted("radius")


def test_an_unknown_method_is_named():
    assert decode(said("teleport")) == Unknown("teleport", "903cb3aabb01")


def test_the_password_of_a_deviceupdate_is_not_decoded():
    assert "hunter2" not in repr(decode(said("deviceupdate", currentPassword="hunter2")))


def test_secrets_in_a_connect_frame_are_dropped_and_nothing_else():
    capabilities = {
        "secure-rtty": True,
        "wifi": [{"psk": "hunter2", "band": "2G"}],
        "adminPassword": "hunter2",
    }
    message = decode(connect(password="hunter2", capabilities=capabilities))
    assert message.capabilities == {"secure-rtty": True, "wifi": [{"band": "2G"}]}
    assert "hunter2" not in repr(message)


def test_an_event_has_its_own_time():
    message = decode(event(1_700_000_000, "client.leave", client="aa:bb"))
    assert (message.at, message.type, message.payload) == (1_700_000_000, "client.leave", {"client": "aa:bb"})


def test_a_long_log_line_is_cut():
    assert len(decode(said("log", log="x" * 50_000, severity=3)).text) == 4_000


def bomb(size):
    return b'{"method":"state","params":{"compress_64":"%s"}}' % base64.b64encode(zlib.compress(b" " * size))


def truncated():
    packed = base64.b64encode(zlib.compress(b'{"serial":"903cb3aabb01","uuid":7,"state":{}}')[:-8])
    return b'{"method":"state","params":{"compress_64":"%s"}}' % packed


BROKEN = {
    "empty": (b"", "not_json"),
    "words": (b"hello", "not_json"),
    "cut off": (state()[:-1], "not_json"),
    "two at once": (state() + state(), "not_json"),
    "a list": (b"[]", "not_a_message"),
    "null": (b"null", "not_a_message"),
    "an empty object": (b"{}", "not_a_message"),
    "an id alone": (b'{"id":5}', "not_a_message"),
    "a result without id": (b'{"result":{}}', "not_a_message"),
    "an id too large": (b'{"id":4294967296,"result":{}}', "not_a_message"),
    "a number for a method": (b'{"method":5}', "not_a_message"),
    "not UTF-8": (b'{"method":"log","params":{"serial":"\xff"}}', "not_utf8"),
    "not UTF-8 in the state": (b'{"method":"state","params":{"serial":"a","state":"\xff"}}', "not_utf8"),
    "half a surrogate": (b'{"method":"log","params":{"serial":"a","log":"\\ud800"}}', "not_json"),
    "too large": (b" " * (MAX_FRAME + 1), "too_large"),
    "params missing": (b'{"method":"state"}', "bad_params"),
    "params a list": (b'{"method":"state","params":[]}', "bad_params"),
    "no serial": (b'{"method":"state","params":{"uuid":1,"state":{}}}', "bad_params"),
    "a state that is none": (state(state="none"), "bad_params"),
    "a uuid of 33 bits": (state(uuid=3_000_000_000), "bad_params"),
    "a negative uuid": (state(uuid=-1), "bad_params"),
    "an endless firmware": (connect(firmware="x" * 201), "bad_params"),
    "a number beyond 64 bits": (event(5, x=2**70), "bad_params"),
    "infinity": (event(5).replace(b"5,", b"1e999,"), "bad_params"),
    "an event without type": (said("event", data={"event": [0, {}]}), "bad_params"),
    "nested 100,000 deep": (b'{"method":"state","params":' + b"[" * 100_000, "too_deep"),
    "nested 40 deep": (event(5).replace(b"{}", b"[" * 40 + b"]" * 40), "too_deep"),
    "not base64": (b'{"method":"state","params":{"compress_64":"?"}}', "bad_compression"),
    "base64 of words": (b'{"method":"state","params":{"compress_64":"aGVsbG8="}}', "bad_compression"),
    "a compressed half": (truncated(), "bad_compression"),
    "a number for compressed": (b'{"method":"state","params":{"compress_64":5}}', "bad_params"),
    "compressed words": (compressed("state", b"hello"), "not_json"),
    "compressed not UTF-8": (compressed("state", b"\xff"), "not_utf8"),
    "a small bomb": (bomb(MAX_INFLATED + 1), "inflates_too_large"),
    "a bomb of 300 MB": (bomb(300_000_000), "inflates_too_large"),
    "a state of 600 KB": (
        compressed("state", b'{"serial":"","uuid":1,"state":{"a":"%s"}}' % (b"x" * 600_000)),
        "inflates_too_large",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_frame_is_an_error_with_a_name(name):
    frame, reason = BROKEN[name]
    with pytest.raises(ProtocolError) as caught:
        decode(frame)
    assert caught.value.reason == reason


def test_an_error_does_not_repeat_what_was_sent():
    with pytest.raises(ProtocolError) as caught:
        decode(b'{"method":"connect","params":{"serial":"hunter2","uuid":"hunter2"}}')
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"
