"""Certificates expire, ours and those of access points: who goes on does, and whoever does not is told of."""

import signal
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import WebSocketException

from tests.outpost.certificates import Authority
from tests.outpost.running import AccessPoint, RunningOutpost, eventually
from tests.servers import Redis

FLEET = [f"{number:012x}" for number in range(20)]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def outpost(authority: Authority, tmp_path: Path) -> Iterator[RunningOutpost]:
    """Mutual TLS; its certificate can be replaced by ``serve``."""
    certificate, key = authority.issue(["localhost"], stem="server")
    options = {
        "OUTPOST_TLS_CERT": str(certificate),
        "OUTPOST_TLS_KEY": str(key),
        "OUTPOST_CLIENT_CA": str(authority.file),
        "OUTPOST_DEVICE_AUTH": "certificate",
        "OUTPOST_WORKERS": "2",
    }
    with Redis.private() as store:
        running = RunningOutpost(store.url, tmp_path, **options)
        yield running.start()
        running.kill()


def serve(outpost: RunningOutpost, authority: Authority, seconds: float) -> None:
    """A new certificate of ours, which ends in so many seconds, is taken into use."""
    reloads = outpost.log.read_text().count("certificates reloaded")
    authority.issue(["localhost"], stem="server", seconds=seconds)
    assert outpost.process is not None
    outpost.process.send_signal(signal.SIGHUP)
    # The parent, the admin server and both workers.
    eventually(lambda: outpost.log.read_text().count("certificates reloaded") == reloads + 4)


def dial(outpost: RunningOutpost, authority: Authority, serial: str, seconds: float = 3600) -> AccessPoint:
    context = ssl.create_default_context(cafile=str(authority.file))
    context.load_cert_chain(*authority.issue([serial], seconds=seconds))
    return AccessPoint(outpost.port, serial, scheme="wss", ssl=context)


def test_a_renewed_certificate_drops_nobody(
    outpost: RunningOutpost, authority: Authority, measured: Callable[..., Any]
) -> None:
    with ExitStack() as connected:
        fleet = [connected.enter_context(dial(outpost, authority, serial).connect()) for serial in FLEET]
        serve(outpost, authority, 86_400)
        lost = sum(not one.socket.ping().wait(60) for one in fleet)
        measured(lost, "connections lost", of=len(fleet))
        assert lost == 0
        dial(outpost, authority, "f00000000000").connect().close()
    assert outpost.count("outpost_disconnects_total", reason="lost") == 0


def test_an_expired_one_of_ours_is_told_and_a_renewed_one_heals(
    outpost: RunningOutpost, authority: Authority, measured: Callable[..., None]
) -> None:
    with dial(outpost, authority, FLEET[0]).connect() as connected:
        serve(outpost, authority, -60)
        eventually(lambda: outpost.ask("/readyz") == (503, "the certificate has expired\n"))
        with pytest.raises((OSError, WebSocketException), match="certificate has expired"):
            dial(outpost, authority, FLEET[1])
        assert connected.socket.ping().wait(60)
        serve(outpost, authority, 3600)
        began = time.monotonic()
    eventually(lambda: outpost.ask("/readyz")[0] == 200)
    measured(time.monotonic() - began, "s from the renewed one until ready")
    dial(outpost, authority, FLEET[1]).connect().close()


def test_an_access_point_with_an_expired_one_is_refused_and_told_of(
    outpost: RunningOutpost, authority: Authority, measured: Callable[..., None]
) -> None:
    began = time.monotonic()
    with pytest.raises((OSError, EOFError, WebSocketException)):
        dial(outpost, authority, FLEET[0], seconds=-60)
    eventually(lambda: "TLS refused: certificate has expired" in outpost.log.read_text())
    measured(time.monotonic() - began, "s until it was refused and told of")
    assert outpost.count("outpost_refused_connections_total", reason="certificate_expired") == 1
    dial(outpost, authority, FLEET[0]).connect().close()
    assert outpost.failures == []
