"""The monolith's side of the live store on Redis (synchronous)."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Self, TypeVar

import msgspec
from redis import Redis
from redis.exceptions import NoScriptError, ResponseError

from outpost.store import redis_layout as layout
from outpost.store.contract import Desired, DesiredVersion, Fact, PendingCommand, Reported, StoreFigures
from outpost.store.redis_connection import SOCKET_TIMEOUT, sync_client, unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

BLOCK_SECONDS = SOCKET_TIMEOUT / 2  # longest single wait for facts, well inside the socket's timeout
CONSUMER_FORGOTTEN_SECONDS = 3_600  # a consumer's name outlives its process; idle and owing nothing it goes


class RedisLiveStore:
    """``LiveStore`` on Redis; safe to share between threads, except that one thread reads facts."""

    def __init__(self, client: "Redis", prefix: str = layout.DEFAULT_PREFIX) -> None:
        self._client: Any = client
        self._prefix = prefix
        self._facts = layout.facts_key(prefix)
        self._claim_from = "0-0"  # where looking for dead consumers' facts goes on
        self._tidied = False

    @classmethod
    def from_url(cls, url: str, prefix: str = layout.DEFAULT_PREFIX) -> Self:
        """Connects when first used. Raises ``StoreUrlInvalid``."""
        return cls(sync_client(url), prefix)

    def put_desired(self, many: Iterable[Desired], *, replace: bool = False) -> list[str]:
        """See ``LiveStore.put_desired``."""
        kept: list[bytes] = []
        for chunk in _chunks(many, layout.WRITE_CHUNK):
            values = [value for one in chunk for value in layout.desired_arguments(one)]
            kept += self._run(layout.PUT_DESIRED, [int(replace), *values])
        return [serial.decode() for serial in kept]

    def remove_desired(self, serials: Iterable[str]) -> None:
        """See ``LiveStore.remove_desired``."""
        for chunk in _chunks(serials, layout.READ_CHUNK):
            self._run(layout.REMOVE_DESIRED, [layout.PARKED_SECONDS, *chunk])

    def desired_versions(self, serials: Sequence[str]) -> list[DesiredVersion | None]:
        """See ``LiveStore.desired_versions``."""
        rows: list[Any] = []
        for chunk in _chunks(serials, layout.READ_CHUNK):
            rows += self._run(layout.DESIRED_VERSIONS, chunk)
        return [layout.version_from(row) for row in rows]

    def put_commands(self, many: Iterable[PendingCommand]) -> None:
        """See ``LiveStore.put_commands``."""
        for chunk in _chunks(many, layout.WRITE_CHUNK):
            self._run(
                layout.PUT_COMMANDS, [value for one in chunk for value in layout.command_arguments(one)]
            )

    def drop_commands(self, many: Iterable[tuple[str, int, float]]) -> list[int]:
        """See ``LiveStore.drop_commands``."""
        dropped: list[bytes] = []
        for chunk in _chunks(many, layout.WRITE_CHUNK):
            dropped += self._run(layout.DROP_COMMANDS, [value for one in chunk for value in one])
        return [int(id) for id in dropped]

    def nudge(self, serials: Iterable[str]) -> None:
        """See ``LiveStore.nudge``."""
        for chunk in _chunks(serials, layout.READ_CHUNK):
            self._run(layout.NUDGE, chunk)

    def reported(self, serials: Sequence[str], *, with_state: bool = False) -> list[Reported]:
        """See ``LiveStore.reported``."""
        rows: list[Any] = []
        for chunk in _chunks(serials, layout.WRITE_CHUNK if with_state else layout.READ_CHUNK):
            rows += self._run(layout.REPORTED, [int(with_state), *chunk])
        return [layout.reported_from(serial, row) for serial, row in zip(serials, rows, strict=True)]

    def presence_before(self, at: float, limit: int = 1000) -> list[tuple[str, float]]:
        """See ``LiveStore.presence_before``."""
        with unavailable():
            found = self._client.zrangebyscore(
                layout.presence_key(self._prefix), "-inf", f"({at!r}", start=0, num=limit, withscores=True
            )
        return [(serial.decode(), score) for serial, score in found]

    def forget_presence(self, serials: Iterable[str]) -> None:
        """See ``LiveStore.forget_presence``."""
        for chunk in _chunks(serials, layout.READ_CHUNK):
            with unavailable():
                self._client.zrem(layout.presence_key(self._prefix), *chunk)

    def read_facts(self, consumer: str, count: int, block: float = 0.0) -> list[Fact]:
        """See ``LiveStore.read_facts``; first what dead consumers left, then what is new."""
        deadline = time.monotonic() + block
        while True:
            left = deadline - time.monotonic()
            with unavailable():
                facts = self._decode(self._entries(consumer, count, min(left, BLOCK_SECONDS)))
            if facts or left <= BLOCK_SECONDS:
                return facts

    def acknowledge(self, facts: Iterable[Fact]) -> None:
        """See ``LiveStore.acknowledge``; acknowledged facts leave the stream."""
        for chunk in _chunks((fact.receipt for fact in facts), layout.READ_CHUNK):
            self._drop(chunk)

    def rebuild_due(self) -> str:
        """See ``LiveStore.rebuild_due``. A run id is of one server process: restarts and replicas differ."""
        with unavailable():
            life = str(self._client.info("server")["run_id"])
            rebuilt = self._client.get(layout.rebuilt_key(self._prefix))
        return "" if rebuilt == life.encode() else life

    def mark_rebuilt(self, life: str) -> None:
        """See ``LiveStore.mark_rebuilt``."""
        with unavailable():
            self._client.set(layout.rebuilt_key(self._prefix), life)

    def figures(self) -> StoreFigures:
        """See ``LiveStore.figures``."""
        with unavailable():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.info("memory").dbsize()
            pipeline.zcard(layout.presence_key(self._prefix)).xlen(self._facts)
            memory, keys, seen, facts = pipeline.execute()
        return StoreFigures(memory["used_memory"], memory.get("maxmemory", 0), keys, seen, facts)

    def ping(self) -> None:
        """See ``LiveStore.ping``."""
        with unavailable():
            self._client.ping()

    def close(self) -> None:
        """See ``LiveStore.close``."""
        self._client.close()

    def _entries(self, consumer: str, count: int, wait: float) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Entries of the stream, its consumer group made first where it is missing (new, or store lost)."""
        try:
            self._tidy()
            return self._claimed(consumer, count) or self._new(consumer, count, wait)
        except ResponseError as error:
            if not str(error).startswith(("NOGROUP", "UNBLOCKED", "no such key")):
                raise
            self._make_group()
            return self._new(consumer, count, 0)

    def _claimed(self, consumer: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        idle_ms = layout.FACT_IDLE_SECONDS * 1000
        answer = self._client.xautoclaim(
            self._facts, layout.FACT_GROUP, consumer, idle_ms, start_id=self._claim_from, count=count
        )
        self._claim_from, entries = answer[0], answer[1]
        return [(entry, fields) for entry, fields in entries if fields]

    def _new(self, consumer: str, count: int, wait: float) -> list[tuple[bytes, dict[bytes, bytes]]]:
        block_ms = int(wait * 1000) if wait >= 0.001 else None  # 0 would wait for ever
        streams = self._client.xreadgroup(
            layout.FACT_GROUP, consumer, {self._facts: ">"}, count=count, block=block_ms
        )
        return list(streams[0][1]) if streams else []

    def _make_group(self) -> None:
        try:
            self._client.xgroup_create(self._facts, layout.FACT_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # another consumer was faster
                raise

    def _tidy(self) -> None:
        """Once per process: names of consumers long gone, which would otherwise add up."""
        if self._tidied:
            return
        for one in self._client.xinfo_consumers(self._facts, layout.FACT_GROUP):
            if one["idle"] > CONSUMER_FORGOTTEN_SECONDS * 1000 and not one["pending"]:
                self._client.xgroup_delconsumer(self._facts, layout.FACT_GROUP, one["name"])
        self._tidied = True

    def _decode(self, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> list[Fact]:
        """Facts; an unreadable entry is dropped with an error in the log, or it would return for ever."""
        facts: list[Fact] = []
        for entry, fields in entries:
            try:
                facts.append(layout.fact_from(entry, fields.get(b"d", b"")))
            except msgspec.MsgspecError as error:
                log.error("Fact %s of the stream cannot be read and is dropped: %s", entry.decode(), error)
                self._drop([entry])
        return facts

    def _drop(self, entries: Sequence[str | bytes]) -> None:
        with unavailable():
            pipeline = self._client.pipeline(transaction=True)
            pipeline.xack(self._facts, layout.FACT_GROUP, *entries)
            pipeline.xdel(self._facts, *entries)
            pipeline.execute()

    def _run(self, script: layout.Script, arguments: Sequence[Any]) -> Any:
        """Run by digest; in full where the server forgot it (restart, fail-over, SCRIPT FLUSH)."""
        execute = self._client.execute_command
        with unavailable():
            try:
                return execute("EVALSHA", script.digest, 0, self._prefix, *arguments)
            except NoScriptError:
                return execute("EVAL", script.text, 0, self._prefix, *arguments)


def _chunks(many: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(many)
    while chunk := list(islice(rest, size)):
        yield chunk
