"""Redis lost, restarted, demoted or silent: errors in our words, then everything works again."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import uvloop
from redis import Redis
from redis.exceptions import ConnectionError

from outpost.store import redis_layout as layout
from outpost.store import redis_outpost
from outpost.store.contract import OutpostStore, StoreUnavailable
from outpost.store.redis import RedisLiveStore, RedisOutpostStore
from outpost.store.redis_connection import async_client
from tests import servers
from tests.faults.redis_pair import RedisPair
from tests.outpost.store.driving import CAFE, NOON, Driven, command, connection, desired, fact, seen

# A port that nobody listens on: below 1024 and reserved.
NOWHERE = "redis://127.0.0.1:1/0"

OUTPOST_CALLS: dict[str, Callable[[OutpostStore], Awaitable[Any]]] = {
    "connected": lambda store: store.connected([connection()]),
    "seen": lambda store: store.seen([seen(1)]),
    "disconnected": lambda store: store.disconnected([(CAFE, 1, NOON)]),
    "desired": lambda store: store.desired([CAFE]),
    "desired_versions": lambda store: store.desired_versions([CAFE]),
    "append_facts": lambda store: store.append_facts([fact()]),
    "take_commands": lambda store: store.take_commands(CAFE, 1, NOON),
    "ping": lambda store: store.ping(),
    "clock": lambda store: store.clock(),
}
LIVE_CALLS: dict[str, Callable[[RedisLiveStore], Any]] = {
    "put_desired": lambda store: store.put_desired([desired()]),
    "remove_desired": lambda store: store.remove_desired([CAFE]),
    "desired_versions": lambda store: store.desired_versions([CAFE]),
    "put_commands": lambda store: store.put_commands([command(1)]),
    "nudge": lambda store: store.nudge([CAFE]),
    "reported": lambda store: store.reported([CAFE]),
    "presence_before": lambda store: store.presence_before(NOON),
    "forget_presence": lambda store: store.forget_presence([CAFE]),
    "read_facts": lambda store: store.read_facts("one", 1),
    "acknowledge": lambda store: store.acknowledge([fact()]),
    "rebuild_due": lambda store: store.rebuild_due(),
    "mark_rebuilt": lambda store: store.mark_rebuilt("life"),
    "ping": lambda store: store.ping(),
}


@pytest.fixture
def own_outpost(own_live_server: servers.Redis, runner: asyncio.Runner) -> Iterator[Driven]:
    driven = Driven(RedisOutpostStore.from_url(own_live_server.url), runner)
    yield driven
    driven.aclose()


@pytest.fixture
def own_live(own_live_server: servers.Redis) -> Iterator[RedisLiveStore]:
    store = RedisLiveStore.from_url(own_live_server.url)
    yield store
    store.close()


@pytest.mark.parametrize("call", OUTPOST_CALLS)
def test_outposts_are_told_that_nobody_answers(call: str, runner: asyncio.Runner) -> None:
    driven = Driven(RedisOutpostStore.from_url(NOWHERE), runner)
    with pytest.raises(StoreUnavailable, match="ConnectionError"):
        runner.run(OUTPOST_CALLS[call](driven.store))  # type: ignore[arg-type]
    driven.aclose()


@pytest.mark.parametrize("call", LIVE_CALLS)
def test_the_monolith_is_told_that_nobody_answers(call: str) -> None:
    store = RedisLiveStore.from_url(NOWHERE)
    with pytest.raises(StoreUnavailable, match="ConnectionError"):
        LIVE_CALLS[call](store)
    store.close()


def test_passwords_do_not_show_in_errors(runner: asyncio.Runner) -> None:
    driven = Driven(RedisOutpostStore.from_url("redis://user:hunter22@127.0.0.1:1/0"), runner)
    with pytest.raises(StoreUnavailable) as raised:
        driven.ping()
    driven.aclose()
    assert "hunter22" not in f"{raised.value!r} {raised.value.__cause__!r} {driven.store!r}"


def test_scripts_are_sent_again_when_forgotten(outpost: Driven, live: RedisLiveStore, redis: Redis) -> None:
    live.put_desired([desired()])
    redis.script_flush()
    assert live.put_desired([desired(uuid=11)]) == []
    redis.script_flush()
    assert outpost.desired_versions([CAFE])[0].uuid == 11


def test_everything_works_after_a_restart_with_nothing(
    own_live_server: servers.Redis, own_outpost: Driven, own_live: RedisLiveStore
) -> None:
    own_live.put_desired([desired()])
    (session,) = own_outpost.connected([connection()])
    own_outpost.append_facts([fact()])
    own_live.read_facts("one", 10)
    own_live_server.kill()
    with pytest.raises(StoreUnavailable):
        own_outpost.seen([seen(session)])
    own_live_server.start()
    assert own_outpost.seen([seen(session)]).unknown == [CAFE]
    own_outpost.append_facts([fact(number=2)])
    assert [one.data for one in own_live.read_facts("one", 10)] == [{"number": 2}]


def test_a_demoted_writer_is_unavailable_until_there_is_a_writer(
    own_live_server: servers.Redis, own_outpost: Driven, own_live: RedisLiveStore
) -> None:
    own_live.put_desired([desired()])
    with Redis.from_url(own_live_server.url) as admin:
        admin.execute_command("REPLICAOF 127.0.0.1 1")
        for call in (
            lambda: own_outpost.connected([connection()]),
            lambda: own_live.put_desired([desired()]),
        ):
            with pytest.raises(StoreUnavailable):
                call()
        admin.execute_command("REPLICAOF NO ONE")
    assert own_outpost.connected([connection()])[0] > 0


def test_a_full_store_is_unavailable(own_live_server: servers.Redis, own_live: RedisLiveStore) -> None:
    with Redis.from_url(own_live_server.url) as admin:
        admin.config_set("maxmemory", "1mb")
        with pytest.raises(StoreUnavailable, match=r"maxmemory|OutOfMemory"):
            own_live.put_desired([desired(document=bytes(200_000))] * 10)


async def _batches_across(
    store: OutpostStore, break_it: Callable[[], object], nudge: Callable[[], object]
) -> list[list[str]]:
    """What an outpost hears when its subscription breaks after the first batch and a nudge follows."""
    heard: list[list[str]] = []
    async for serials in store.nudges("east"):
        heard.append(serials)
        if len(heard) == 1:
            await asyncio.to_thread(break_it)
        elif serials:
            break
        else:
            await asyncio.to_thread(nudge)
    return heard


def test_a_cut_subscription_is_renewed_and_says_so(
    own_live_server: servers.Redis, own_outpost: Driven, own_live: RedisLiveStore
) -> None:
    own_outpost.connected([connection()])
    with Redis.from_url(own_live_server.url) as admin:
        heard = own_outpost.runner.run(
            asyncio.wait_for(
                _batches_across(
                    own_outpost.store,
                    lambda: admin.execute_command("CLIENT KILL TYPE pubsub"),
                    lambda: own_live.nudge([CAFE]),
                ),
                60,
            )
        )
    assert heard == [[], [], [CAFE]]


@pytest.fixture
def pair() -> Iterator[RedisPair]:
    with servers.temporary_directory() as directory, RedisPair(directory).running() as pair:
        yield pair


@pytest.fixture
def outpost_of_pair(pair: RedisPair, runner: asyncio.Runner) -> Iterator[Driven]:
    driven = Driven(RedisOutpostStore.from_url(pair.url), runner)
    yield driven
    driven.aclose()


def fail_over(pair: RedisPair) -> None:
    """The old writer keeps whoever is connected, and hears nothing of the new one."""
    for server, leader in ((pair.standby, "NO ONE"), (pair.first, "127.0.0.1 1")):
        with Redis.from_url(server.url) as admin:
            admin.execute_command(f"REPLICAOF {leader}")
    pair.endpoint.lead(pair.standby.port)


def test_a_subscription_at_a_demoted_writer_that_hears_of_nothing_moves_on(
    monkeypatch: pytest.MonkeyPatch, pair: RedisPair, outpost_of_pair: Driven
) -> None:
    """It stays connected there, and nothing is ever said to it again."""
    monkeypatch.setattr(redis_outpost, "SILENCE_SECONDS", 1.0)
    with Redis.from_url(pair.standby.url) as new:
        channel = layout.channel(layout.DEFAULT_PREFIX, "east")
        flow = _batches_across(
            outpost_of_pair.store, lambda: fail_over(pair), lambda: new.publish(channel, CAFE)
        )
        heard = outpost_of_pair.runner.run(asyncio.wait_for(flow, 60))
    assert heard == [[], [], [CAFE]]


@pytest.mark.parametrize("read", ["desired", "desired_versions"])
def test_what_is_desired_is_never_read_from_a_demoted_writer(
    pair: RedisPair, outpost_of_pair: Driven, read: str
) -> None:
    """Each connection of the pool was to it, and stays open."""

    async def many() -> set[int]:
        answers = await asyncio.gather(*(getattr(outpost_of_pair.store, read)([CAFE]) for _ in range(8)))
        return {one.uuid for (one,) in answers}

    _want(pair.first, 10)
    assert outpost_of_pair.runner.run(many()) == {10}
    fail_over(pair)
    _want(pair.standby, 11)
    assert outpost_of_pair.runner.run(many()) == {11}


def _want(server: servers.Redis, uuid: int) -> None:
    with contextlib.closing(RedisLiveStore.from_url(server.url)) as live:
        live.put_desired([desired(uuid=uuid)])


def test_a_quiet_subscription_survives_a_full_store(
    monkeypatch: pytest.MonkeyPatch, own_live_server: servers.Redis, own_outpost: Driven
) -> None:
    """It asks itself whether it hears; that must need no memory, and leave nothing behind."""
    monkeypatch.setattr(redis_outpost, "SILENCE_SECONDS", 0.2)
    channel = layout.channel(layout.DEFAULT_PREFIX, "east")

    def say_after_echoes() -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end and _published(admin) < 3:
            time.sleep(0.05)
        admin.publish(channel, CAFE)

    async def listen() -> list[list[str]]:
        heard: list[list[str]] = []
        saying = asyncio.create_task(asyncio.to_thread(say_after_echoes))
        async for serials in own_outpost.store.nudges("east"):
            heard.append(serials)
            if serials:
                break
        await saying
        return heard

    with Redis.from_url(own_live_server.url) as admin:
        admin.config_set("maxmemory", 1)
        assert own_outpost.runner.run(asyncio.wait_for(listen(), 60)) == [[], [CAFE]]
        assert (_published(admin) > 3, admin.exists(channel)) == (True, 0)


def _published(admin: Redis) -> int:
    return int(admin.info("commandstats").get("cmdstat_publish", {"calls": 0})["calls"])


def test_a_connection_that_closed_before_it_was_written_to_is_a_lost_one(
    own_live_server: servers.Redis,
) -> None:
    """On the loop that outposts run on: a call that fails so is tried again, nothing of it given up."""

    async def write_late() -> None:
        client = async_client(own_live_server.url)
        connection = await client.connection_pool.get_connection()
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(ConnectionError):
            await connection.send_command("PING")
        await client.connection_pool.release(connection)
        assert await client.ping()
        await client.aclose()

    uvloop.run(write_late())


def test_nudges_outlive_a_restart(
    own_live_server: servers.Redis, own_outpost: Driven, own_live: RedisLiveStore
) -> None:
    def restart() -> None:
        own_live_server.kill()
        asyncio.run(asyncio.sleep(0.3))  # long enough that the first attempts to subscribe fail
        own_live_server.start()

    def register_and_nudge() -> None:
        with asyncio.Runner() as runner:
            store = Driven(RedisOutpostStore.from_url(own_live_server.url), runner)
            store.connected([connection()])
            store.aclose()
        own_live.nudge([CAFE])

    heard = own_outpost.runner.run(
        asyncio.wait_for(_batches_across(own_outpost.store, restart, register_and_nudge), 60)
    )
    assert heard == [[], [], [CAFE]]


def test_a_reconnect_storm_shares_a_few_connections(
    own_live_server: servers.Redis, own_outpost: Driven
) -> None:
    async def storm() -> None:
        await asyncio.gather(*(own_outpost.store.take_commands(CAFE, 1, NOON) for _ in range(300)))

    own_outpost.runner.run(storm())
    with Redis.from_url(own_live_server.url) as admin:
        assert admin.info("clients")["connected_clients"] <= 8 + 1


def test_a_batch_of_check_ins_is_one_round_trip(
    own_live_server: servers.Redis, own_outpost: Driven, own_live: RedisLiveStore
) -> None:
    serials = [f"{number:012x}" for number in range(500)]
    own_live.put_desired(desired(serial) for serial in serials)
    sessions = own_outpost.connected([connection(serial) for serial in serials])
    pairs = zip(sessions, serials, strict=True)
    batch = [seen(session, 60, serial, uuid=10, state=b"{}") for session, serial in pairs]
    own_outpost.seen(batch)
    with Redis.from_url(own_live_server.url) as admin:
        admin.config_resetstat()
        own_outpost.seen(batch)
        assert admin.info("commandstats")["cmdstat_evalsha"]["calls"] == 1


def test_a_restart_makes_a_rebuild_due(own_live_server: servers.Redis, own_live: RedisLiveStore) -> None:
    own_live.mark_rebuilt(own_live.rebuild_due())
    own_live_server.kill()
    own_live_server.start()
    own_live.mark_rebuilt("what an append-only file would have kept of the last life")
    assert own_live.rebuild_due()
