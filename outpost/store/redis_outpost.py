"""The outpost's side of the live store on Redis: few round trips, many access points in each."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import NoScriptError, RedisError

from outpost.store import redis_layout as layout
from outpost.store.contract import (
    Connection,
    Desired,
    DesiredVersion,
    Fact,
    PendingCommand,
    Seen,
    SeenOutcome,
)
from outpost.store.redis_connection import async_client, unavailable

SILENCE_SECONDS = 5.0  # until a subscription is asked whether it still hears, and for the answer
HEARD = b"-"
# It writes, which a demoted writer refuses: then the connection moves on to whoever writes now.
ECHO = "redis.call('DEL', ARGV[1]) return redis.call('PUBLISH', ARGV[1], ARGV[2])"
RESUBSCRIBE_SECONDS = 0.5  # on average, between attempts to subscribe again


class RedisOutpostStore:
    """``OutpostStore`` on Redis; safe to share between the tasks of one event loop."""

    def __init__(self, client: "Redis", prefix: str = layout.DEFAULT_PREFIX) -> None:
        self._client = client
        self._prefix = prefix

    @classmethod
    def from_url(cls, url: str, prefix: str = layout.DEFAULT_PREFIX) -> Self:
        """Connects when first used. Raises ``StoreUrlInvalid``."""
        return cls(async_client(url), prefix)

    async def connected(self, connections: Sequence[Connection]) -> list[int]:
        """See ``OutpostStore.connected``; one script run per 500."""
        sessions: list[int] = []
        for start in range(0, len(connections), layout.READ_CHUNK):
            arguments: list[Any] = [layout.PARKED_SECONDS]
            for one in connections[start : start + layout.READ_CHUNK]:
                arguments += layout.connection_arguments(one)
            sessions += await self._run(layout.CONNECTED, arguments)
        return sessions

    async def seen(self, batch: Sequence[Seen]) -> SeenOutcome:
        """See ``OutpostStore.seen``; up to 1,000 in one script run."""
        unknown: list[bytes] = []
        superseded: list[bytes] = []
        for start in range(0, len(batch), layout.SEEN_CHUNK):
            arguments: list[Any] = [layout.PARKED_SECONDS]
            for one in batch[start : start + layout.SEEN_CHUNK]:
                uuid = b"" if one.uuid is None else one.uuid
                arguments += (one.serial, one.session, one.at, uuid, one.state or b"")
            answer = await self._run(layout.SEEN, arguments)
            unknown += answer[0]
            superseded += answer[1]
        return SeenOutcome([raw.decode() for raw in unknown], [raw.decode() for raw in superseded])

    async def disconnected(self, sessions: Sequence[tuple[str, int, float]]) -> None:
        """See ``OutpostStore.disconnected``."""
        for start in range(0, len(sessions), layout.READ_CHUNK):
            chunk = sessions[start : start + layout.READ_CHUNK]
            await self._run(layout.DISCONNECTED, [value for session in chunk for value in session])

    async def desired(self, serials: Sequence[str]) -> list[Desired | None]:
        """See ``OutpostStore.desired``."""
        rows = await self._read(layout.DESIRED, serials, layout.WRITE_CHUNK)
        return [layout.desired_from(serial, row) for serial, row in zip(serials, rows, strict=True)]

    async def desired_versions(self, serials: Sequence[str]) -> list[DesiredVersion | None]:
        """See ``OutpostStore.desired_versions``."""
        rows = await self._read(layout.DESIRED_VERSIONS, serials, layout.READ_CHUNK)
        return [layout.version_from(row) for row in rows]

    async def append_facts(self, facts: Sequence[Fact]) -> None:
        """See ``OutpostStore.append_facts``."""
        for start in range(0, len(facts), layout.READ_CHUNK):
            chunk = facts[start : start + layout.READ_CHUNK]
            await self._run(
                layout.APPEND_FACTS, [layout.FACTS_KEPT, *(layout.fact_argument(one) for one in chunk)]
            )

    async def take_commands(self, serial: str, count: int, now: float) -> list[PendingCommand]:
        """See ``OutpostStore.take_commands``."""
        taken = await self._run(layout.TAKE_COMMANDS, [serial, count, now])
        return [layout.command_from(raw) for raw in taken]

    async def nudges(self, outpost: str) -> AsyncIterator[list[str]]:
        """See ``OutpostStore.nudges``; a subscription of its own, renewed for ever."""
        while True:
            subscription = self._client.pubsub()
            try:
                async for serials in self._listen(subscription, layout.channel(self._prefix, outpost)):
                    yield serials
            except (RedisError, OSError):
                await asyncio.sleep(RESUBSCRIBE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311
            finally:
                with contextlib.suppress(RedisError, OSError):
                    await subscription.aclose()  # type: ignore[no-untyped-call]

    async def _listen(self, subscription: PubSub, channel: str) -> AsyncIterator[list[str]]:
        """Serials per message; [] at each confirmed subscription, the library's silent renewals included.

        In silence it says something to itself, by way of the writer. Raises ``ConnectionError`` when that
        does not come: a writer that was demoted keeps its subscribers, and may hear of nothing any more.
        """
        await subscription.subscribe(channel)
        asked = False
        while True:
            message = await subscription.get_message(timeout=SILENCE_SECONDS)
            if message is None and asked:
                raise ConnectionError("nothing comes through the subscription")
            asked = message is None
            if message is None:
                await self._client.execute_command("EVAL", ECHO, 0, channel, HEARD)  # type: ignore[no-untyped-call]
            elif message["type"] == "subscribe":
                yield []
            elif message["type"] == "message" and message["data"] != HEARD:
                yield message["data"].decode().split()

    async def ping(self) -> None:
        """See ``OutpostStore.ping``."""
        with unavailable():
            await self._client.execute_command("PING")  # type: ignore[no-untyped-call]

    async def clock(self) -> float:
        """See ``OutpostStore.clock``."""
        with unavailable():
            seconds, microseconds = await self._client.execute_command("TIME")  # type: ignore[no-untyped-call]
        return int(seconds) + int(microseconds) / 1e6

    async def aclose(self) -> None:
        """See ``OutpostStore.aclose``."""
        await self._client.aclose()

    async def _read(self, script: layout.Script, serials: Sequence[str], chunk: int) -> list[Any]:
        rows: list[Any] = []
        for start in range(0, len(serials), chunk):
            rows += await self._run(script, serials[start : start + chunk])
        return rows

    async def _run(self, script: layout.Script, arguments: Sequence[Any]) -> Any:
        """Run by digest; in full where the server forgot it (restart, fail-over, SCRIPT FLUSH)."""
        execute: Any = self._client.execute_command
        with unavailable():
            try:
                return await execute("EVALSHA", script.digest, 0, self._prefix, *arguments)
            except NoScriptError:
                return await execute("EVAL", script.text, 0, self._prefix, *arguments)
