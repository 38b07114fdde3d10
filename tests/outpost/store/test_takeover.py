"""Sessions in any order on any outpost: the store always agrees with a model that fits on one screen."""

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from redis import Redis

from outpost.store.contract import Seen
from outpost.store.redis import RedisLiveStore, RedisOutpostStore
from tests.outpost.store.driving import CAFE, NOON, ROOF, Driven, connection, desired

_numbers = iter(range(10**9))
serials = st.sampled_from([CAFE, ROOF])
moments = st.integers(0, 1_000).map(lambda second: NOON + second)


class Takeover(RuleBasedStateMachine):
    """Two access points whose connections land on several outposts, are overtaken, linger and leave."""

    sessions = Bundle("sessions")
    url: str
    prefix: str
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        prefix = f"{self.prefix}{next(_numbers)}:"
        self.pattern = f"{prefix}*"
        self.outpost = Driven(RedisOutpostStore.from_url(self.url, prefix), self.runner)
        self.live = RedisLiveStore.from_url(self.url, prefix)
        self.claimed: set[str] = set()
        self.records: dict[str, dict[str, Any]] = {}
        self.watched: dict[str, float] = {}

    @rule(target=sessions, serial=serials, outpost=st.sampled_from(["east", "west"]), at=moments)
    def connect(self, serial: str, outpost: str, at: float) -> tuple[str, int]:
        (session,) = self.outpost.connected([connection(serial, outpost, at, uuid=1)])
        before = self.records.get(serial, {"session": 0, "state": b""})
        assert session > before["session"]
        self.records[serial] = before | {
            "session": session, "outpost": outpost, "connected": True, "last_seen": at, "uuid": 1,
        }  # fmt: skip
        if serial in self.claimed:
            self.watched[serial] = at
        return serial, session

    @rule(one=sessions, at=moments, uuid=st.none() | st.integers(0, 9), state=st.none() | st.just(b"{}"))
    def check_in(self, one: tuple[str, int], at: float, uuid: int | None, state: bytes | None) -> None:
        serial, session = one
        state = None if uuid is None else state
        outcome = self.outpost.seen([Seen(serial, session, at, uuid, state)])
        record = self.records.get(serial, {"session": 0})
        assert outcome.superseded == ([serial] if record["session"] > session else [])
        assert outcome.unknown == ([serial] if record["session"] < session else [])
        if record["session"] == session:
            self.expect_check_in(serial, record, at, uuid, state)

    def expect_check_in(
        self, serial: str, record: dict[str, Any], at: float, uuid: int | None, state: bytes | None
    ) -> None:
        record["last_seen"] = at
        record["uuid"] = record["uuid"] if uuid is None else uuid
        if serial in self.claimed:
            record["state"] = state or record["state"]
            self.watched[serial] = at

    @rule(one=sessions, at=moments)
    def disconnect(self, one: tuple[str, int], at: float) -> None:
        serial, session = one
        self.outpost.disconnected([(serial, session, at)])
        record = self.records.get(serial, {"session": 0})
        if record["session"] == session:
            record["connected"] = False
            if at > record["last_seen"]:
                record["last_seen"] = at
                self.watched |= {serial: at} if serial in self.watched else {}

    @rule(serial=serials)
    def claim(self, serial: str) -> None:
        self.live.put_desired([desired(serial)])
        if serial not in self.claimed and serial in self.records:
            self.watched[serial] = self.records[serial]["last_seen"]
        self.claimed.add(serial)

    @rule(serial=serials)
    def let_go(self, serial: str) -> None:
        self.live.remove_desired([serial])
        self.claimed.discard(serial)
        self.watched.pop(serial, None)
        if serial in self.records:
            self.records[serial]["state"] = b""

    @rule()
    def lose_everything(self) -> None:
        with Redis.from_url(self.url) as server:
            if keys := server.keys(self.pattern):
                server.delete(*keys)
        self.claimed, self.records, self.watched = set(), {}, {}

    @invariant()
    def the_store_agrees(self) -> None:
        for found in self.live.reported([CAFE, ROOF], with_state=True):
            for name, value in self.records.get(found.serial, {"session": 0}).items():
                assert getattr(found, name) == value, name
        assert dict(self.live.presence_before(NOON + 10_000)) == self.watched

    def teardown(self) -> None:
        self.outpost.aclose()
        self.live.close()


def test_the_store_agrees_with_the_model(
    live_store_url: str, live_store_prefix: str, runner: asyncio.Runner
) -> None:
    class Here(Takeover):
        url, prefix = live_store_url, live_store_prefix

    Here.runner = runner
    run_state_machine_as_test(Here, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))
