"""Access points prove who they are by certificate; everybody else is turned away in the handshake."""

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from outpost.tls import TlsFilesInvalid, common_name, not_after, reload_certificates, server_context
from tests.outpost.certificates import Authority

CAFE = "903cb3aabb01"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def door(authority: Authority) -> ssl.SSLContext:
    return server_context(*authority.issue(["outpost"]), authority.file)


def client_context(authority: Authority, certificate: tuple[Path, Path] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.file))
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, Any] | None:
    """What the server sees of the client's certificate. Raises ``ssl.SSLError`` when one refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    waiting = {theirs, ours}
    while waiting:
        for end in (theirs, ours):
            try:
                end.do_handshake()
                waiting.discard(end)
            except ssl.SSLWantReadError:
                continue
    return ours.getpeercert()


def test_the_serial_is_the_common_name(authority: Authority, door: ssl.SSLContext) -> None:
    client = client_context(authority, authority.issue([CAFE], organisation="TIP"))
    assert common_name(shake_hands(door, client)) == CAFE


def test_without_a_certificate_there_is_no_connection(authority: Authority, door: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        shake_hands(door, client_context(authority, None))


def test_another_authority_vouches_for_nobody(
    authority: Authority, door: ssl.SSLContext, tmp_path: Path
) -> None:
    strange = Authority(tmp_path / "theirs").issue([CAFE])
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        shake_hands(door, client_context(authority, strange))


def test_old_protocols_are_refused(authority: Authority, door: ssl.SSLContext) -> None:
    client = client_context(authority, authority.issue([CAFE]))
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        client.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"UNSUPPORTED_PROTOCOL|VERSION"):
        shake_hands(door, client)


def test_without_a_ca_nobody_is_asked(authority: Authority) -> None:
    door = server_context(*authority.issue(["outpost"]))
    assert common_name(shake_hands(door, client_context(authority, None))) == ""


@pytest.mark.parametrize(("names", "read"), [([], ""), ([CAFE, "903cb3aabb02"], ""), (["AB:CD"], "AB:CD")])
def test_a_certificate_must_name_exactly_one(
    authority: Authority, door: ssl.SSLContext, names: list[str], read: str
) -> None:
    client = client_context(authority, authority.issue(names, organisation="TIP", stem="odd"))
    assert common_name(shake_hands(door, client)) == read


def test_no_certificate_is_no_name() -> None:
    assert common_name(None) == ""
    assert common_name({}) == ""


def test_new_files_are_used_after_a_reload(
    authority: Authority, door: ssl.SSLContext, tmp_path: Path
) -> None:
    others = Authority(tmp_path / "next")
    client = client_context(others, others.issue([CAFE]))
    with pytest.raises(ssl.SSLError):
        shake_hands(door, client)
    reload_certificates(door, *others.issue(["outpost"]), others.file)
    assert common_name(shake_hands(door, client)) == CAFE


def test_broken_files_change_nothing(authority: Authority, door: ssl.SSLContext, tmp_path: Path) -> None:
    certificate, key = authority.issue(["outpost-2"])
    _, wrong_key = authority.issue(["other"])
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    for files in (
        (certificate, wrong_key),
        (broken, key),
        (certificate, key, broken),
        (tmp_path / "no", key),
    ):
        with pytest.raises(TlsFilesInvalid, match=r"Certificate|Client CA"):
            reload_certificates(door, *files)
    client = client_context(authority, authority.issue([CAFE]))
    assert common_name(shake_hands(door, client)) == CAFE


def test_an_access_point_resumes_its_session(authority: Authority, door: ssl.SSLContext) -> None:
    client = client_context(authority, authority.issue([CAFE]))
    client.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 sends its ticket only after the handshake

    async def connect_twice() -> tuple[bool | None, str]:
        names: list[str] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            names.append(common_name(writer.get_extra_info("peercert")))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=door)
        port = server.sockets[0].getsockname()[1]
        session, reused = None, None
        for _ in range(2):
            session, reused = await asyncio.to_thread(_dial, client, port, session)
        server.close()
        await server.wait_closed()
        return reused, names[-1]

    assert asyncio.run(connect_twice()) == (True, CAFE)


def _dial(
    context: ssl.SSLContext, port: int, session: ssl.SSLSession | None
) -> tuple[ssl.SSLSession | None, bool | None]:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as raw,
        context.wrap_socket(raw, server_hostname="localhost", session=session) as secured,
    ):
        secured.read(1)
        return secured.session, secured.session_reused


def test_when_a_certificate_expires_is_read_from_it(authority: Authority, tmp_path: Path) -> None:
    certificate, _key = authority.issue(["outpost"])
    shown = subprocess.run(
        ["openssl", "x509", "-enddate", "-noout", "-in", str(certificate)], capture_output=True, text=True
    )
    assert not_after(certificate) == ssl.cert_time_to_seconds(shown.stdout.strip().removeprefix("notAfter="))
    (tmp_path / "none").touch()
    with pytest.raises(TlsFilesInvalid, match="none"):
        not_after(tmp_path / "none")
