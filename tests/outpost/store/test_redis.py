"""Redis fulfils the contract, keeps within its bounds and comes back after whatever happens to it."""

from collections.abc import Callable

import pytest
from redis import Redis

from outpost.store import redis_layout
from outpost.store.contract import LiveStore
from outpost.store.redis_layout import PARKED_SECONDS
from tests.outpost.store.contract_tests import StoreContract
from tests.outpost.store.driving import CAFE, ROOF, Driven, command, connection, desired, fact, seen


@pytest.fixture
def lose(redis: Redis, live_store_prefix: str) -> Callable[[], None]:
    def delete_everything() -> None:
        for key in redis.scan_iter(f"{live_store_prefix}*", count=5_000):
            redis.delete(key)

    return delete_everything


@pytest.fixture
def abandon(redis: Redis, live_store_prefix: str) -> Callable[[], None]:
    def make_idle() -> None:
        stream = f"{live_store_prefix}f"
        for one in redis.xpending_range(stream, "ingest", "-", "+", 100):
            redis.xclaim(stream, "ingest", one["consumer"], 0, [one["message_id"]], idle=11_000, justid=True)

    return make_idle


class TestRedis(StoreContract):
    """The contract against a real server."""


class TestBounds:
    """Nothing grows for ever."""

    def test_a_parked_record_expires_unless_renewed(
        self, outpost: Driven, redis: Redis, live_store_prefix: str
    ) -> None:
        (session,) = outpost.connected([connection()])
        record = f"{live_store_prefix}r:{CAFE}"
        assert PARKED_SECONDS - 60 <= redis.ttl(record) <= PARKED_SECONDS
        redis.expire(record, 10)
        outpost.seen([seen(session)])
        assert redis.ttl(record) > 10

    def test_a_claimed_record_stays(
        self, outpost: Driven, live: LiveStore, redis: Redis, live_store_prefix: str
    ) -> None:
        outpost.connected([connection()])
        live.put_desired([desired()])
        assert redis.ttl(f"{live_store_prefix}r:{CAFE}") == -1
        outpost.connected([connection()])
        assert redis.ttl(f"{live_store_prefix}r:{CAFE}") == -1
        live.remove_desired([CAFE])
        assert redis.ttl(f"{live_store_prefix}r:{CAFE}") > 0

    def test_commands_and_their_markers_expire(
        self, live: LiveStore, redis: Redis, live_store_prefix: str
    ) -> None:
        live.put_commands([command(1), command(2, expires_after=0)])
        for key in ("q:" + CAFE, "k:1", "k:2"):
            assert redis.ttl(live_store_prefix + key) > 0, key
        with redis.pipeline() as at_once:
            longest, queue = (
                at_once.ttl(f"{live_store_prefix}k:1").ttl(f"{live_store_prefix}q:{CAFE}").execute()
            )
        assert abs(queue - longest) <= 1

    def test_the_stream_of_facts_is_bounded(
        self, outpost: Driven, redis: Redis, live_store_prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_layout, "FACTS_KEPT", 200)
        outpost.append_facts([fact(number=number) for number in range(1_500)])
        assert 200 <= redis.xlen(f"{live_store_prefix}f") <= 400

    def test_acknowledged_facts_leave_the_stream(
        self, outpost: Driven, live: LiveStore, redis: Redis, live_store_prefix: str
    ) -> None:
        outpost.append_facts([fact(), fact()])
        live.acknowledge(live.read_facts("one", 1))
        assert redis.xlen(f"{live_store_prefix}f") == 1

    def test_names_of_consumers_long_gone_are_forgotten(
        self, outpost: Driven, live: LiveStore, redis: Redis, live_store_prefix: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr("outpost.store.redis_live.CONSUMER_FORGOTTEN_SECONDS", -1)
        stream = f"{live_store_prefix}f"
        redis.xgroup_create(stream, "ingest", mkstream=True, id="0")
        redis.xgroup_createconsumer(stream, "ingest", "gone")
        outpost.append_facts([fact()])
        assert len(live.read_facts("one", 10)) == 1
        assert [one["name"] for one in redis.xinfo_consumers(stream, "ingest")] == [b"one"]

    def test_an_unreadable_fact_does_not_stop_the_others(
        self, outpost: Driven, live: LiveStore, redis: Redis, live_store_prefix: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        redis.xadd(f"{live_store_prefix}f", {"d": '{"kind": "from the future"}'})
        outpost.append_facts([fact(ROOF)])
        assert [one.serial for one in live.read_facts("one", 10)] == [ROOF]
        assert "cannot be read" in caplog.text
        assert redis.xlen(f"{live_store_prefix}f") == 1
