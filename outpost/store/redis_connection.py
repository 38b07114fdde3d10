"""How we talk to Redis: pools, retries, keepalive, and what counts as unreachable.

Figures: a host that vanished is noticed within 5 s of a call and 25 s of silence; after a fail-over the
old writer answers READONLY, which drops the connection and asks the name server again.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import hiredis
from redis import BlockingConnectionPool, Redis
from redis.asyncio import BlockingConnectionPool as AsyncPool
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialWithJitterBackoff
from redis.connection import parse_url
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    ReadOnlyError,
    RedisError,
    TimeoutError,
)
from redis.retry import Retry

from outpost.store.contract import StoreUnavailable

RETRIES = 3
RETRY_ON = [ReadOnlyError, BusyLoadingError, ConnectionError, TimeoutError]
SOCKET_TIMEOUT = 5.0  # seconds; no script of ours takes a hundredth of it
CONNECT_TIMEOUT = 2.0
ASYNC_CONNECTIONS = 8  # per outpost process: a reconnect storm queues here, not at the server
SYNC_CONNECTIONS = 32  # per console or worker process, above its threads
_KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


class StoreUrlInvalid(ValueError):
    """The live store's URL cannot be used; the message never shows the URL, as it may hold a password."""


class _Packed:
    """Commands packed in C: a batch of 500 check-ins has 2,500 arguments."""

    def pack_command(self, *args: Any) -> list[bytes]:
        return [hiredis.pack_command((*args[0].encode().split(), *args[1:]))]


class _Lost:
    """One that was closed before it was written to is a lost one: uvloop raises what no Redis error is.

    A server that ends just after we connected does that; not known as lost, the call is not tried again.
    """

    async def send_packed_command(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().send_packed_command(*args, **kwargs)  # type: ignore[misc]
        except RuntimeError as error:
            raise ConnectionError(str(error)) from error


class _TcpConnection(_Packed, _Lost, Connection):
    pass


class _TlsConnection(_Packed, _Lost, SSLConnection):
    pass


class _UnixConnection(_Packed, _Lost, UnixDomainSocketConnection):
    pass


_ASYNC_CLASSES = {"redis": _TcpConnection, "rediss": _TlsConnection, "unix": _UnixConnection}


def _options(url: str, retry: Callable[..., Any], connections: int) -> dict[str, Any]:
    """Keyword arguments of a pool; what the URL's query says wins."""
    options: dict[str, Any] = {
        "max_connections": connections,
        "timeout": SOCKET_TIMEOUT,
        "protocol": 2,
        "socket_timeout": SOCKET_TIMEOUT,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "retry": retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), RETRIES),
        "retry_on_error": RETRY_ON,
    }
    if not url.startswith("unix:"):
        options |= {"socket_keepalive": True, "socket_keepalive_options": _KEEPALIVE}
    try:
        return options | dict(parse_url(url))  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise StoreUrlInvalid(
            "The live store's URL is not one of redis://host:port/number, rediss://host:port/number"
            " or unix:///path/to/socket"
        ) from error


def async_client(url: str) -> AsyncRedis:
    """An asyncio client with a small pool. Raises ``StoreUrlInvalid``."""
    options = _options(url, AsyncRetry, ASYNC_CONNECTIONS)
    options["connection_class"] = _ASYNC_CLASSES[url.partition(":")[0]]
    return AsyncRedis.from_pool(AsyncPool(**options))


def sync_client(url: str) -> Redis:
    """A client for threads, its pool sized for one process. Raises ``StoreUrlInvalid``."""
    pool: Any = BlockingConnectionPool
    return Redis.from_pool(pool(**_options(url, Retry, SYNC_CONNECTIONS)))


@contextmanager
def unavailable() -> Iterator[None]:
    """Whatever Redis or the network answers instead of the result becomes ``StoreUnavailable``."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error
