"""Who an access point is: mutual TLS, keys, and what is refused."""

import base64
import signal
import socket
import ssl

import pytest
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

from outpost.identity import NotAdmitted, by_certificate, by_key, by_word, device_key
from tests.outpost.certificates import Authority
from tests.outpost.protocol import frames
from tests.outpost.protocol.frames import OTHER, SERIAL
from tests.outpost.running import LONG, AccessPoint, Console, RunningOutpost, eventually
from tests.outpost.server.raw import UPGRADE, RawClient

SECRET, OLD_SECRET = b"n" * 32, b"o" * 32
PROCESSES = 4  # of ``tls_outpost``: its supervisor, its admin server, two workers


def bearer(key, **headers):
    return {"Authorization": f"Bearer {key}", **headers}


# The rules, without sockets.


@pytest.mark.parametrize("name", ["903cb3aabb01", "903CB3AABB01", "90:3c:b3:aa:bb:01"])
def test_a_certificate_names_the_serial_in_any_notation(name):
    subject = ((("organizationName", "TIP"),), (("commonName", name),))
    admits = by_certificate({"subject": subject})
    assert admits(SERIAL)
    assert not admits(OTHER)


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (None, "no_certificate"),
        ({}, "no_certificate"),
        ({"subject": ((("organizationName", "TIP"),),)}, "bad_certificate"),
        ({"subject": ((("commonName", "gateway.example"),),)}, "bad_certificate"),
        ({"subject": ((("commonName", SERIAL),), (("commonName", OTHER),))}, "bad_certificate"),
    ],
)
def test_a_certificate_that_names_no_serial_proves_nothing(certificate, reason):
    with pytest.raises(NotAdmitted) as refused:
        by_certificate(certificate)
    assert refused.value.reason == reason


def test_a_key_proves_its_own_serial_only_under_any_secret_in_use():
    for secret in (SECRET, OLD_SECRET):
        admits = by_key(bearer(device_key(secret, SERIAL)), [SECRET, OLD_SECRET])
        assert admits(SERIAL)
        assert not admits(OTHER)
    assert not by_key(bearer(device_key(b"x" * 32, SERIAL)), [SECRET])(SERIAL)


def test_a_key_is_the_documented_one():
    """So that anybody can make it: base64url(HMAC-SHA256(secret, serial)) without padding."""
    assert device_key(SECRET, SERIAL) == "b8o2-qrchyNeUj32jG13Qbv2CyVJLycUqsttg4iogA8"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no_key"),
        ({"Authorization": "Basic abc"}, "no_key"),
        ({"Authorization": "Bearer "}, "no_key"),
        (bearer("wrong", **{"X-Serial": SERIAL}), "bad_key"),
        (bearer("schlüssel", **{"X-Serial": SERIAL}), "bad_key"),
        (bearer("\udcff", **{"X-Serial": SERIAL}), "bad_key"),
        (bearer(device_key(SECRET, SERIAL), **{"X-Serial": OTHER}), "bad_key"),
        (bearer(device_key(SECRET, SERIAL), **{"X-Serial": "me"}), "bad_serial"),
    ],
)
def test_a_wrong_key_is_refused(headers, reason):
    with pytest.raises(NotAdmitted) as refused:
        by_key(headers, [SECRET])
    assert refused.value.reason == reason


def test_a_key_is_in_no_repr():
    assert "hunter2" not in repr(by_key(bearer("hunter2"), [SECRET]))


def test_by_word_everybody_is_who_they_say():
    assert by_word(SERIAL)


# Over real sockets.


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def tls_outpost(own_live_server, tmp_path, authority):
    """Mutual TLS."""
    certificate, key = authority.issue(["localhost"], stem="server")
    running = RunningOutpost(
        own_live_server.url,
        tmp_path,
        OUTPOST_DEVICE_AUTH="certificate",
        OUTPOST_TLS_CERT=str(certificate),
        OUTPOST_TLS_KEY=str(key),
        OUTPOST_CLIENT_CA=str(authority.file),
        OUTPOST_WORKERS="2",
    )
    yield running.start()
    running.kill()


def client(authority, *names, issuer=None):
    """The TLS context of an access point with a certificate for these names; without names, none."""
    context = ssl.create_default_context(cafile=authority.file)
    if names:
        context.load_cert_chain(*(issuer or authority).issue(list(names), organisation="TIP"))
    return context


def dial(outpost, serial, context):
    return AccessPoint(outpost.port, serial, scheme="wss", ssl=context)


@pytest.mark.parametrize("name", [SERIAL, "90:3C:B3:AA:BB:01"])
def test_mutual_tls_admits_the_serial_of_the_certificate(tls_outpost, authority, name):
    with dial(tls_outpost, SERIAL, client(authority, name)) as access_point:
        assert access_point.connect().socket.ping().wait(LONG)
    assert eventually(lambda: tls_outpost.count("outpost_connects_total") == 1)


def test_mutual_tls_closes_another_serial(tls_outpost, authority):
    with dial(tls_outpost, OTHER, client(authority, SERIAL)) as access_point:
        assert access_point.connect().ended() == "wrong_serial"


def test_a_certificate_that_names_no_serial_is_closed(tls_outpost, authority):
    with dial(tls_outpost, SERIAL, client(authority, "gateway.example")) as access_point:
        assert access_point.ended() == "bad_certificate"
    assert tls_outpost.count("outpost_refused_connections_total", reason="bad_certificate") == 1


def test_without_a_certificate_or_with_a_strangers_there_is_no_connection(tls_outpost, authority, tmp_path):
    stranger = Authority(tmp_path / "stranger", "Stranger")
    for context in (client(authority), client(authority, SERIAL, issuer=stranger)):
        with pytest.raises((OSError, EOFError, WebSocketException)):
            dial(tls_outpost, SERIAL, context)
    assert tls_outpost.failures == []


def test_plain_text_at_the_tls_port_harms_nobody(tls_outpost, authority):
    with pytest.raises((OSError, EOFError, WebSocketException)):
        AccessPoint(tls_outpost.port, SERIAL, open_timeout=2)
    with dial(tls_outpost, SERIAL, client(authority, SERIAL)) as access_point:
        assert access_point.connect().socket.ping().wait(LONG)


class TlsClient(RawClient):
    """Over TLS, resuming an earlier session if given."""

    def __init__(self, port, context, session=None):
        plain = socket.create_connection(("127.0.0.1", port), timeout=LONG)
        self.socket = context.wrap_socket(plain, server_hostname="localhost", session=session)
        self.socket.sendall(UPGRADE)
        self.answer = self.socket.recv(4096)


def test_a_resumed_session_is_still_who_it_was_whichever_worker_it_meets(tls_outpost, authority):
    context = client(authority, SERIAL)
    with TlsClient(tls_outpost.port, context) as first:
        session = first.socket.session
    for _ in range(6):
        with TlsClient(tls_outpost.port, context, session) as again:
            assert again.socket.session_reused
            again.frame(1, frames.connect(serial=SERIAL))
            again.frame(9, b"there?")
            assert b"there?" in again.socket.recv(100)
            session = again.socket.session
    assert tls_outpost.count("outpost_protocol_errors_total", reason="wrong_serial") == 0


def test_told_to_end_it_says_who_is_gone_even_of_those_that_do_not_end_their_tls(tls_outpost, authority):
    console = Console(tls_outpost.environment["OUTPOST_STORE"])
    with TlsClient(tls_outpost.port, client(authority, SERIAL)) as never_reads:
        never_reads.frame(1, frames.connect(serial=SERIAL))
        eventually(lambda: console.reported(SERIAL).connected)
        assert tls_outpost.terminate() == 0
        assert not console.reported(SERIAL).connected


def test_new_certificates_are_used_after_a_hangup_signal(tls_outpost, authority):
    def served():
        with TlsClient(tls_outpost.port, client(authority, SERIAL)) as connection:
            return connection.socket.getpeercert()["serialNumber"]

    before = served()
    authority.issue(["localhost"], stem="server")
    tls_outpost.process.send_signal(signal.SIGHUP)
    eventually(lambda: tls_outpost.log.read_text().count("certificates reloaded") == PROCESSES)
    assert served() != before
    (authority.directory / "server.pem").write_text("broken")
    tls_outpost.process.send_signal(signal.SIGHUP)
    eventually(lambda: tls_outpost.log.read_text().count("certificates not reloaded") == PROCESSES)
    assert served() != before


@pytest.fixture
def key_outpost(own_live_server, tmp_path):
    running = RunningOutpost(
        own_live_server.url,
        tmp_path,
        OUTPOST_DEVICE_AUTH="key",
        OUTPOST_DEVICE_KEY_SECRETS=",".join(base64.b64encode(one).decode() for one in (SECRET, OLD_SECRET)),
    )
    yield running.start()
    running.kill()


@pytest.mark.parametrize("more", [{}, {"X-Serial": "90-3C-B3-AA-BB-01"}])
def test_a_key_admits_its_serial(key_outpost, more):
    headers = bearer(device_key(SECRET, SERIAL), **more)
    with AccessPoint(key_outpost.port, SERIAL, additional_headers=headers) as access_point:
        assert access_point.connect().socket.ping().wait(LONG)


def test_a_key_does_not_admit_another_serial(key_outpost):
    headers = bearer(device_key(SECRET, SERIAL))
    with AccessPoint(key_outpost.port, OTHER, additional_headers=headers) as access_point:
        assert access_point.connect().ended() == "wrong_serial"


@pytest.mark.parametrize(
    "headers", [{}, bearer("x", **{"X-Serial": SERIAL}), bearer("x", **{"X-Serial": "?"})]
)
def test_without_a_right_key_there_is_no_upgrade(key_outpost, headers):
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://127.0.0.1:{key_outpost.port}/", additional_headers=headers, open_timeout=LONG),
    ):
        pass
    assert refused.value.response.status_code == 401
