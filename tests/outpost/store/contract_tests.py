"""What any live store must do, as tests. Subclass ``StoreContract`` and give the four fixtures.

``outpost``: the asynchronous side as ``driving.Driven``; ``live``: the synchronous side of the same
store, both empty; ``lose``: a callable that makes the store lose everything; ``abandon``: a callable
that makes every delivered and unacknowledged fact look untouched for 11 s.
"""

import time
from collections.abc import Callable

from outpost.store.contract import LiveStore, Reported
from tests.outpost.store.contract_flows import FactContract, NudgeContract, RebuildContract
from tests.outpost.store.driving import (
    CAFE,
    HALL,
    NOON,
    ROOF,
    Driven,
    command,
    connection,
    desired,
    seen,
)


class SessionContract:
    """connected, seen, disconnected and what ``reported`` then says."""

    def test_connecting_is_reported(self, outpost: Driven, live: LiveStore) -> None:
        (session,) = outpost.connected([connection(uuid=7)])
        (found,) = live.reported([CAFE], with_state=True)
        assert found == Reported(
            CAFE, session, "east", True, NOON, NOON, 7, "OpenWrt 25.12 / TIP-v4.2.0", "edgecore_eap101",
            True, "192.0.2.7", b'{"a":[1]}',
        )  # fmt: skip

    def test_never_heard_of(self, live: LiveStore) -> None:
        assert live.reported([ROOF, CAFE]) == [Reported(ROOF), Reported(CAFE)]

    def test_each_connection_has_a_higher_session(self, outpost: Driven) -> None:
        first, second, other = outpost.connected([connection(), connection(), connection(ROOF)])
        (third,) = outpost.connected([connection(outpost="west")])
        assert first < second < third
        assert 0 < other < 2**53

    def test_sessions_rise_even_when_the_store_was_lost(
        self, outpost: Driven, lose: Callable[[], None]
    ) -> None:
        (before,) = outpost.connected([connection()])
        lose()
        (after,) = outpost.connected([connection()])
        assert after > before

    def test_a_check_in_is_reported(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        (session,) = outpost.connected([connection()])
        outcome = outpost.seen([seen(session, 60, uuid=10, state=b'{"unit":{}}')])
        (found,) = live.reported([CAFE], with_state=True)
        assert (outcome.unknown, outcome.superseded) == ([], [])
        assert (found.last_seen, found.uuid, found.state, found.state_at) == (
            NOON + 60, 10, b'{"unit":{}}', NOON + 60,
        )  # fmt: skip

    def test_a_bare_sign_of_life_changes_only_the_time(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        (session,) = outpost.connected([connection()])
        outpost.seen([seen(session, 60, uuid=10, state=b"{}"), seen(session, 70)])
        (found,) = live.reported([CAFE], with_state=True)
        assert (found.last_seen, found.uuid, found.state) == (NOON + 70, 10, b"{}")
        assert found.state_at == NOON + 60

    def test_recovery_mode_is_not_silence(self, outpost: Driven, live: LiveStore) -> None:
        (session,) = outpost.connected([connection(uuid=10)])
        outpost.seen([seen(session, uuid=0)])
        assert live.reported([CAFE])[0].uuid == 0

    def test_states_come_only_when_asked_for(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        (session,) = outpost.connected([connection()])
        outpost.seen([seen(session, uuid=10, state=b"{}")])
        (found,) = live.reported([CAFE])
        assert (found.state, found.capabilities, found.state_at) == (b"", b"", 0.0)

    def test_the_older_of_two_connections_loses(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        (older,) = outpost.connected([connection(outpost="east")])
        (newer,) = outpost.connected([connection(outpost="west")])
        outcome = outpost.seen([seen(older, 60, uuid=3, state=b"old"), seen(newer, 30, uuid=4)])
        (found,) = live.reported([CAFE], with_state=True)
        assert (outcome.unknown, outcome.superseded) == ([], [CAFE])
        assert (found.outpost, found.last_seen, found.uuid, found.state) == ("west", NOON + 30, 4, b"")

    def test_a_lost_store_says_whom_it_does_not_know(
        self, outpost: Driven, live: LiveStore, lose: Callable[[], None]
    ) -> None:
        (session,) = outpost.connected([connection()])
        lose()
        outcome = outpost.seen([seen(session, uuid=3)])
        assert (outcome.unknown, outcome.superseded) == ([CAFE], [])
        assert live.reported([CAFE]) == [Reported(CAFE)]

    def test_a_session_the_store_forgot_is_unknown(self, outpost: Driven) -> None:
        (session,) = outpost.connected([connection()])
        outcome = outpost.seen([seen(session + 1)])  # as after a fail-over that lost the last connect
        assert (outcome.unknown, outcome.superseded) == ([CAFE], [])

    def test_a_large_batch(self, outpost: Driven, live: LiveStore) -> None:
        serials = [f"{number:012x}" for number in range(2_300)]
        live.put_desired(desired(serial) for serial in serials)
        sessions = outpost.connected([connection(serial) for serial in serials])
        batch = [seen(session, 60, serial) for serial, session in zip(serials, sessions, strict=True)]
        outcome = outpost.seen([*batch, seen(5, 60, "ffffffffffff")])
        assert outcome.unknown == ["ffffffffffff"]
        assert {found.last_seen for found in live.reported(serials)} == {NOON + 60}
        assert len(live.presence_before(NOON + 61, limit=5_000)) == 2_300

    def test_no_check_ins_are_no_work(self, outpost: Driven) -> None:
        outcome = outpost.seen([])
        assert (outcome.unknown, outcome.superseded) == ([], [])
        assert outpost.connected([]) == []

    def test_disconnecting(self, outpost: Driven, live: LiveStore) -> None:
        (session,) = outpost.connected([connection()])
        outpost.disconnected([(CAFE, session, NOON + 90)])
        (found,) = live.reported([CAFE])
        assert (found.connected, found.outpost, found.last_seen) == (False, "east", NOON + 90)

    def test_disconnecting_after_silence_does_not_move_the_last_sign(
        self, outpost: Driven, live: LiveStore
    ) -> None:
        (session,) = outpost.connected([connection()])
        outpost.seen([seen(session, 60)])
        outpost.disconnected([(CAFE, session, NOON + 30)])
        assert live.reported([CAFE])[0].last_seen == NOON + 60

    def test_a_session_taken_over_cannot_disconnect(self, outpost: Driven, live: LiveStore) -> None:
        (older,) = outpost.connected([connection()])
        outpost.connected([connection(outpost="west")])
        outpost.disconnected([(CAFE, older, NOON + 90), (ROOF, 5, NOON)])
        (found, stranger) = live.reported([CAFE, ROOF])
        assert found.connected
        assert found.last_seen == NOON
        assert stranger == Reported(ROOF)


class ParkingContract:
    """Access points nobody claimed, claiming and letting go."""

    def test_the_state_of_a_stranger_is_not_kept(self, outpost: Driven, live: LiveStore) -> None:
        (session,) = outpost.connected([connection()])
        outpost.seen([seen(session, 60, uuid=3, state=b"{}")])
        (found,) = live.reported([CAFE], with_state=True)
        assert (found.state, found.state_at) == (b"", 0.0)
        assert (found.last_seen, found.uuid) == (NOON + 60, 3)
        assert live.presence_before(NOON + 1000) == []

    def test_claiming_adopts_whoever_waits(self, outpost: Driven, live: LiveStore) -> None:
        outpost.connected([connection()])
        live.put_desired([desired(uuid=0)])
        assert live.presence_before(NOON + 1) == [(CAFE, NOON)]
        assert outpost.desired_versions([CAFE])[0].uuid == 0

    def test_claiming_before_it_ever_connected(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired(uuid=0)])
        assert live.presence_before(NOON + 1) == []
        assert live.reported([CAFE]) == [Reported(CAFE)]
        outpost.connected([connection()])
        assert live.presence_before(NOON + 1) == [(CAFE, NOON)]

    def test_letting_go_forgets_what_it_should_run_and_said(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        (session,) = outpost.connected([connection()])
        outpost.seen([seen(session, uuid=10, state=b"{}")])
        live.remove_desired([CAFE])
        assert live.reported([CAFE], with_state=True)[0].state == b""
        assert live.presence_before(NOON + 1000) == []
        assert outpost.desired([CAFE]) == [None]

    def test_letting_go_drops_waiting_commands(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        live.put_commands([command(1)])
        live.remove_desired([CAFE, HALL])
        live.put_desired([desired()])
        assert outpost.take_commands(CAFE, 10, NOON) == []

    def test_its_session_goes_on(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        (session,) = outpost.connected([connection()])
        live.remove_desired([CAFE])
        assert outpost.seen([seen(session, 60)]).unknown == []
        assert live.reported([CAFE])[0].connected


class DesiredContract:
    """What access points should run, and who is watched."""

    def test_both_sides_read_what_was_put(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired(), desired(HALL, 12)])
        assert outpost.desired([HALL, ROOF, CAFE]) == [desired(HALL, 12), None, desired()]
        versions = outpost.desired_versions([HALL, ROOF])
        assert versions == live.desired_versions([HALL, ROOF])
        assert (versions[0].uuid, versions[0].hash, versions[0].network) == (12, "ab" * 32, "7")

    def test_a_newer_one_replaces(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        newer = desired(uuid=11, hash="cd" * 32, document=b"", network="8")
        assert live.put_desired([newer]) == []
        assert outpost.desired([CAFE]) == [newer]

    def test_a_late_publisher_does_not_undo_a_newer_one(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired(uuid=11)])
        assert live.put_desired([desired(uuid=10), desired(ROOF), desired(CAFE, 0)]) == [CAFE, CAFE]
        assert [one.uuid for one in outpost.desired_versions([CAFE, ROOF])] == [11, 10]

    def test_rebuilding_replaces_whatever_is_there(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired(uuid=11)])
        assert live.put_desired([desired(uuid=10)], replace=True) == []
        assert outpost.desired([CAFE]) == [desired(uuid=10)]

    def test_versions_count_waiting_commands(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired(), desired(ROOF)])
        live.put_commands([command(1), command(2)])
        assert [one.commands for one in outpost.desired_versions([CAFE, ROOF])] == [2, 0]

    def test_the_longest_silent_come_first(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired(CAFE), desired(ROOF), desired(HALL)])
        outpost.connected(
            [connection(CAFE, at=NOON + 3), connection(ROOF, at=NOON + 1), connection(HALL, at=NOON + 2)]
        )
        assert live.presence_before(NOON + 3) == [(ROOF, NOON + 1), (HALL, NOON + 2)]
        assert live.presence_before(NOON + 4, limit=1) == [(ROOF, NOON + 1)]

    def test_forgotten_until_the_next_sign_of_life(self, outpost: Driven, live: LiveStore) -> None:
        live.put_desired([desired()])
        (session,) = outpost.connected([connection()])
        live.forget_presence([CAFE])
        live.put_desired([desired(uuid=11)])
        outpost.disconnected([(CAFE, session, NOON + 5)])
        assert live.presence_before(NOON + 100) == []
        outpost.seen([seen(session, 60)])
        assert live.presence_before(NOON + 100) == [(CAFE, NOON + 60)]


class CommandContract:
    """Commands are sent at most once."""

    def test_oldest_first_and_once(self, outpost: Driven, live: LiveStore) -> None:
        live.put_commands([command(1), command(2, why="café \r\n ☕"), command(3)])
        assert outpost.take_commands(CAFE, 2, NOON) == [command(1), command(2, why="café \r\n ☕")]
        assert outpost.take_commands(CAFE, 2, NOON) == [command(3)]
        assert outpost.take_commands(CAFE, 2, NOON) == []

    def test_each_access_point_has_its_own(self, outpost: Driven, live: LiveStore) -> None:
        live.put_commands([command(1, ROOF)])
        assert outpost.take_commands(CAFE, 10, NOON) == []
        assert outpost.take_commands(ROOF, 10, NOON) == [command(1, ROOF)]

    def test_expired_ones_are_not_sent(self, outpost: Driven, live: LiveStore) -> None:
        live.put_commands([command(1, expires_after=-5), command(2), command(3, expires_after=1)])
        assert outpost.take_commands(CAFE, 1, NOON + 1) == [command(2)]
        assert outpost.take_commands(CAFE, 10, NOON + 1) == []

    def test_an_id_is_queued_once_even_after_it_was_taken(self, outpost: Driven, live: LiveStore) -> None:
        live.put_commands([command(1), command(1)])
        live.put_commands([command(1)])
        assert outpost.take_commands(CAFE, 10, NOON) == [command(1)]
        live.put_commands([command(1)])
        assert outpost.take_commands(CAFE, 10, NOON) == []

    def test_what_is_dropped_is_not_taken_and_the_others_are(self, outpost: Driven, live: LiveStore) -> None:
        live.put_commands([command(1), command(2, why="café \r\n ☕"), command(12), command(3, ROOF)])
        assert live.drop_commands([(CAFE, 2, NOON), (ROOF, 3, NOON), (CAFE, 9, NOON)]) == [2, 3]
        assert outpost.take_commands(CAFE, 10, NOON) == [command(1), command(12)]
        assert outpost.take_commands(ROOF, 10, NOON) == []

    def test_what_was_taken_cannot_be_dropped(self, outpost: Driven, live: LiveStore) -> None:
        live.put_commands([command(1)])
        assert len(outpost.take_commands(CAFE, 10, NOON)) == 1
        assert live.drop_commands([(CAFE, 1, NOON + 60)]) == []

    def test_what_is_dropped_before_it_is_put_is_never_taken(self, outpost: Driven, live: LiveStore) -> None:
        assert live.drop_commands([(CAFE, 1, NOON + 60)]) == []
        live.put_commands([command(1)])
        assert outpost.take_commands(CAFE, 10, NOON) == []

    def test_dropping_is_for_the_access_point_it_was_meant_for(
        self, outpost: Driven, live: LiveStore
    ) -> None:
        live.put_commands([command(1)])
        assert live.drop_commands([(ROOF, 1, NOON + 60)]) == []
        assert outpost.take_commands(CAFE, 10, NOON) == [command(1)]


class StoreContract(
    SessionContract,
    ParkingContract,
    DesiredContract,
    CommandContract,
    FactContract,
    NudgeContract,
    RebuildContract,
):
    """All of it."""

    def test_both_sides_answer(self, outpost: Driven, live: LiveStore) -> None:
        assert outpost.ping() is None
        assert abs(outpost.clock() - time.time()) < 60
        assert live.ping() is None  # type: ignore[func-returns-value]
