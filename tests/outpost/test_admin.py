"""The admin port answers the balancer and the scraper, and nothing sent to it does harm."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outpost import admin
from outpost.admin import AdminServer, parse_request, readiness
from outpost.settings import Address
from outpost.store.redis import RedisOutpostStore

LOOPBACK = Address("127.0.0.1", 0)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def problems() -> list[str]:
    """What keeps the server of ``ask`` from being ready."""
    return []


@pytest.fixture
def ask(runner: asyncio.Runner, problems: list[str]) -> Iterator[Callable[[bytes], bytes]]:
    """Sends bytes to the admin port of a running server and returns all it answers."""

    async def current() -> list[str]:
        return problems

    server = AdminServer(current)
    address = runner.run(server.start(LOOPBACK))
    yield lambda request: runner.run(_exchange(address, request))
    runner.run(server.aclose())


async def _exchange(address: Address, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(request)
    if not request.endswith(b"\r\n\r\n"):
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def test_alive_without_asking_anybody(ask: Callable[[bytes], bytes], problems: list[str]) -> None:
    problems.append("the live store does not answer")
    assert ask(get("/livez")).startswith(b"HTTP/1.1 200 OK\r\n")


def test_ready_says_why_not(ask: Callable[[bytes], bytes], problems: list[str]) -> None:
    assert ask(get("/readyz?verbose")).startswith(b"HTTP/1.1 200 ")
    problems.append("draining")
    answer = ask(get("/readyz"))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"\r\n\r\ndraining\n")


def test_a_wrong_clock_is_told(ask: Callable[[bytes], bytes]) -> None:
    assert admin.clock_problems(-9.9) == []
    assert admin.clock_problems(61.2) == ["the clock is 61 s ahead of the live store's"]
    assert admin.clock_problems(-3600.0) == ["the clock is 3600 s behind the live store's"]


def test_metrics_are_a_page_of_text(ask: Callable[[bytes], bytes]) -> None:
    answer = ask(get("/metrics"))
    assert b"\r\nContent-Type: text/plain; version=" in answer
    assert b"\n# TYPE outpost_sessions gauge\n" in answer


def test_heads_come_without_the_body(ask: Callable[[bytes], bytes]) -> None:
    answer = ask(get("/livez", "HEAD"))
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length: 6\r\n" in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/"), 404),
        (get("/livez/../metrics"), 404),
        (get("/livez", "POST"), 405),
        (b"GET /livez\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"get /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET http://x/livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n" + b"A: b\r\n" * 1_500 + b"\r\n", 431),
    ],
)
def test_wrong_requests_are_told_so(ask: Callable[[bytes], bytes], request_bytes: bytes, status: int) -> None:
    assert ask(request_bytes).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("cut", [b"", b"GET", b"GET /livez HTTP/1.1\r\n"])
def test_cut_requests_get_nothing_and_break_nothing(ask: Callable[[bytes], bytes], cut: bytes) -> None:
    assert ask(cut) == b""
    assert ask(get("/livez")).startswith(b"HTTP/1.1 200 ")


def test_dawdlers_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "REQUEST_SECONDS", 0.01)

    async def dawdle(address: Address) -> bytes:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"GET /li")
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return answer

    async def check() -> bytes:
        server = AdminServer(_nothing_wrong)
        answer = await dawdle(await server.start(LOOPBACK))
        await server.aclose()
        return answer

    assert asyncio.run(check()) == b""


def test_too_many_at_once_are_closed(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "MAX_CONNECTIONS", 1)

    async def check() -> bytes:
        server = AdminServer(_nothing_wrong)
        address = await server.start(LOOPBACK)
        _, silent = await asyncio.open_connection(address.host, address.port)
        refused = await _exchange(address, get("/livez"))
        silent.close()
        await server.aclose()
        return refused

    assert runner.run(check()) == b""


async def _nothing_wrong() -> list[str]:
    return []


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_parse_to_something(head: bytes) -> None:
    method, path = parse_request(head)
    assert bool(method) == path.startswith("/")


@pytest.mark.parametrize(
    ("url", "draining", "said"),
    [
        (None, False, []),
        (None, True, ["draining"]),
        ("redis://127.0.0.1:1/0", False, ["the live store does not answer"]),
    ],
)
def test_readiness_is_the_store_and_the_drain_flag(
    live_store_url: str,
    runner: asyncio.Runner,
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
    draining: bool,
    said: list[str],
) -> None:
    monkeypatch.setattr(admin, "STORE_SECONDS", 60.0)
    store = RedisOutpostStore.from_url(url or live_store_url)
    assert runner.run(_read(readiness(store, lambda: draining))) == said
    runner.run(store.aclose())


async def _read(problems: admin.Problems) -> list[str]:
    return list(await problems())
