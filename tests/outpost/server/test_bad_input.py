"""Whatever a stranger sends ends in a counted error or a closed session; the others notice nothing.

The ``outpost`` fixture checks after each test that no exception was logged and no worker died.
"""

import base64
import contextlib
import os
import resource
import socket
import time
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus, WebSocketException

from outpost.protocol.allowance import BURST, PER_SECOND
from tests.outpost.protocol.frames import OTHER, connect, said, state
from tests.outpost.running import LONG, AccessPoint, eventually
from tests.outpost.server.raw import CONTINUATION, PING, TEXT, UPGRADE, RawClient


@pytest.fixture
def raw(outpost):
    """A connection without manners."""
    with RawClient(outpost.port) as client:
        yield client


@pytest.fixture
def witness(outpost, console):
    """A well-behaved access point in each worker's company: it must not notice anything."""
    console.want("0000000000ff", 0)
    with AccessPoint(outpost.port, "0000000000ff") as access_point:
        access_point.connect()
        yield access_point
        console.want("0000000000ff", int(time.time()))
        access_point.answer(access_point.hear())


def errors(outpost, reason):
    """How often an error was counted so far."""
    return outpost.count("outpost_protocol_errors_total", reason=reason)


NONSENSE = {
    "not JSON": (b"hello", "not_json"),
    "no message": (b"[]", "not_a_message"),
    "not UTF-8 inside": (b'{"method":"log","params":{"serial":"\xc3\x28"}}', "not_utf8"),
    "a state without serial": (b'{"method":"state","params":{}}', "bad_params"),
    "nested 100,000 deep": (b'{"method":"state","params":' + b"[" * 100_000, "too_deep"),
    "a bomb of 100 MB": (
        b'{"method":"state","params":{"compress_64":"%s"}}'
        % base64.b64encode(zlib.compress(bytes(100_000_000))),
        "inflates_too_large",
    ),
    "another connect": (connect(), "second_connect"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_a_malformed_frame_is_counted_and_the_tenth_closes(outpost, witness, serial, name):
    frame, reason = NONSENSE[name]
    before = errors(outpost, reason)
    with RawClient(outpost.port) as client:
        client.frame(TEXT, connect(serial=serial))
        for _ in range(10):
            client.frame(TEXT, frame)
        assert client.closed()
    assert errors(outpost, reason) - before == 10


def test_messages_before_connect_are_counted_and_the_tenth_closes(outpost, raw):
    before = errors(outpost, "before_connect")
    for _ in range(10):
        raw.frame(TEXT, state())
    assert raw.closed()
    assert errors(outpost, "before_connect") - before == 10


def test_one_binary_frame_closes(outpost, serial):
    before = errors(outpost, "binary")
    with AccessPoint(outpost.port, serial) as access_point:
        access_point.connect().socket.send(b"\x00\x01")
        assert access_point.ended() == "binary"
    assert errors(outpost, "binary") - before == 1


def test_an_oversized_frame_closes_before_it_was_sent(outpost, witness, raw):
    before = errors(outpost, "too_large")
    raw.frame(TEXT, b"x" * 1000, length=512_001)
    assert raw.closed()
    assert eventually(lambda: errors(outpost, "too_large") - before == 1)


def test_a_frame_that_claims_exabytes_closes(raw):
    raw.frame(TEXT, b"x", length=2**62)
    assert raw.closed()


def test_a_message_too_large_in_parts_closes(outpost, witness, raw):
    before = errors(outpost, "too_large")
    raw.frame(TEXT, b"x" * 200_000, fin=False)
    for _ in range(2):
        raw.frame(CONTINUATION, b"x" * 200_000, fin=False)
    assert raw.closed()
    assert errors(outpost, "too_large") - before == 1


@pytest.mark.parametrize("payload", [b"", b"x"])
def test_a_message_that_never_ends_closes(outpost, raw, payload):
    before = errors(outpost, "bad_fragments")
    raw.frame(TEXT, fin=False)
    raw.repeat_until_cut_off(CONTINUATION, payload, fin=False)
    assert errors(outpost, "bad_fragments") - before == 1


def test_a_frame_that_is_never_finished_harms_nobody(witness, raw):
    raw.frame(TEXT, b"x" * 1000, length=500_000)
    raw.socket.settimeout(0.3)
    assert not raw.closed()


@pytest.mark.parametrize(
    "frames",
    [
        [{"opcode": CONTINUATION, "payload": b"x"}],
        [{"opcode": TEXT, "payload": b"x", "fin": False}, {"opcode": TEXT, "payload": b"x"}],
        [{"opcode": TEXT, "payload": b"x", "bits": 0x40}],
        [{"opcode": PING, "payload": b"x", "bits": 0x10, "fin": False}],
        [{"opcode": 0xB}],
        [{"opcode": PING, "payload": b"x" * 126}],
    ],
    ids=["continues nothing", "interrupted", "compressed", "fragmented ping", "unknown opcode", "long ping"],
)
def test_what_rfc_6455_forbids_closes(raw, frames):
    for frame in frames:
        raw.frame(**frame)
    assert raw.closed()


def test_another_serial_in_mid_session_closes(outpost, serial):
    before = errors(outpost, "wrong_serial")
    with AccessPoint(outpost.port, serial) as access_point:
        access_point.connect().say(state(serial=OTHER))
        assert access_point.ended() == "wrong_serial"
    assert errors(outpost, "wrong_serial") - before == 1


def test_one_that_pings_and_never_reads_is_cut_off(outpost, witness, raw):
    raw.repeat_until_cut_off(PING, b"x" * 125)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: \xff\xfe\r\nnonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        UPGRADE.replace(b"Sec-WebSocket-Key", b"Sec-WebSocket-Kay"),
    ],
    ids=["no upgrade", "a form", "TLS", "not Latin", "endless header", "no key"],
)
def test_what_is_no_upgrade_is_refused(outpost, witness, request_):
    with RawClient(outpost.port, request_) as client:
        assert not client.answer.startswith(b"HTTP/1.1 101")
        assert client.closed()


def test_one_that_talks_without_end_fills_nothing(outpost, console, serial):
    console.want(serial, 0)
    before, began = errors(outpost, "flood"), time.monotonic()
    with AccessPoint(outpost.port, serial) as access_point:
        access_point.connect()
        for _ in range(600):
            access_point.say(said("log", serial=serial, log="again", severity=3))
        assert access_point.socket.ping().wait(LONG)  # everything was heard
        allowed = BURST + PER_SECOND * (time.monotonic() - began)
        assert errors(outpost, "flood") - before >= 600 - allowed
        assert console.kinds(serial).count("log") <= allowed


def few_files():
    """What a process may open when it is poor; run in the child."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (160, 160))


def still_serves(running):
    """Whether a new access point is welcome, and nothing ever failed."""
    try:
        with AccessPoint(running.port, "0000000000fe") as access_point:
            return access_point.connect().socket.ping().wait(LONG) and not running.failures
    except (OSError, WebSocketException):
        return False


def try_to_join(running, held, number):
    """The answer when a connection is refused; None when it is held."""
    try:
        held.enter_context(AccessPoint(running.port, f"{number:012x}")).connect()
    except InvalidStatus as refused:
        return refused.response


def test_when_all_room_is_taken_the_next_is_refused_politely_and_served_later(own_outpost):
    own_outpost.start(preexec_fn=few_files)
    with contextlib.ExitStack() as held:
        refused = next(filter(None, (try_to_join(own_outpost, held, number) for number in range(130))))
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "10"
        assert len(held._exit_callbacks) > 60
    eventually(lambda: still_serves(own_outpost))


def test_when_the_system_has_no_files_left_it_serves_again_later(own_outpost):
    own_outpost.start(preexec_fn=few_files)
    with contextlib.ExitStack() as held:
        for _ in range(300):
            held.enter_context(socket.create_connection(("127.0.0.1", own_outpost.port)))
        time.sleep(0.5)
    eventually(lambda: still_serves(own_outpost))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    chunks=st.lists(
        st.binary(max_size=200)
        | st.tuples(st.integers(0, 15), st.binary(max_size=80), st.booleans(), st.sampled_from([0, 0x40])),
        max_size=8,
    )
)
def test_any_bytes_at_all(outpost, chunks):
    with RawClient(outpost.port) as client:
        for chunk in chunks:
            try:
                if isinstance(chunk, bytes):
                    client.socket.sendall(chunk)
                else:
                    opcode, payload, fin, bits = chunk
                    client.frame(opcode, payload, fin=fin, bits=bits)
            except OSError:
                break
    assert outpost.ask("/livez")[0] == 200


def test_random_garbage_instead_of_http(outpost, witness):
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", outpost.port)) as connection:
            connection.sendall(os.urandom(300) + b"\r\n\r\n")
