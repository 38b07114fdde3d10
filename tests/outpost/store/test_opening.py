"""URLs choose the store; those that choose none are refused in words without showing them."""

import asyncio
import socket
from pathlib import Path

import pytest

from outpost.store.contract import StoreUnavailable
from outpost.store.opening import StoreUrlInvalid, open_live_store, open_outpost_store
from tests import servers
from tests.outpost.certificates import Authority


def test_both_sides_open_by_url(live_store_url: str, runner: asyncio.Runner) -> None:
    outpost, live = open_outpost_store(live_store_url), open_live_store(live_store_url)
    runner.run(outpost.ping())
    live.ping()
    runner.run(outpost.aclose())
    live.close()


def test_sockets_of_this_machine(tmp_path: Path, runner: asyncio.Runner) -> None:
    class OnSocket(servers.Redis):
        def command(self) -> list[str]:
            return [*super().command(), "--unixsocket", str(self.directory / "s")]

    with OnSocket.private() as server:
        url = f"unix://{server.directory / 's'}?db=1"
        outpost, live = open_outpost_store(url), open_live_store(url)
        runner.run(outpost.ping())
        live.ping()
        runner.run(outpost.aclose())
        live.close()


@pytest.mark.parametrize(
    "url", ["dynamodb://table", "http://u:hunter22@h", "", "localhost:6379", "hunter22", "redis//hunter22"]
)
def test_other_schemes_are_refused(url: str) -> None:
    for opens in (open_outpost_store, open_live_store):
        with pytest.raises(StoreUrlInvalid, match="redis://") as raised:
            opens(url)
        assert "hunter22" not in str(raised.value)


@pytest.mark.parametrize("url", ["redis://:hunter22@host:port/0", "redis://h/0?socket_timeout=hunter22"])
def test_urls_that_cannot_be_read_are_refused(url: str) -> None:
    with pytest.raises(StoreUrlInvalid, match="not one of") as raised:
        open_live_store(url)
    assert "hunter22" not in str(raised.value)


def test_tls_checks_the_server(tmp_path: Path, runner: asyncio.Runner) -> None:
    class Secured(servers.Redis):
        def command(self) -> list[str]:
            authority = Authority(tmp_path / "ours")
            certificate, key = authority.issue(["store"])
            files = [
                "--tls-cert-file",
                certificate,
                "--tls-key-file",
                key,
                "--tls-ca-cert-file",
                authority.file,
            ]
            listens = ["--port", 0, "--tls-port", self.port, "--tls-auth-clients", "no"]
            return [*super().command(), *map(str, [*listens, *files])]

        def answers(self) -> bool:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True

    with Secured.private() as server:
        trusted = open_live_store(f"rediss://127.0.0.1:{server.port}?ssl_ca_certs={tmp_path / 'ours/ca.pem'}")
        trusted.ping()
        trusted.close()
        outpost = open_outpost_store(f"rediss://127.0.0.1:{server.port}")
        with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            runner.run(outpost.ping())
        runner.run(outpost.aclose())
