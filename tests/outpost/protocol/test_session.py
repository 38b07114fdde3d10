"""The life of a connection: connecting, parked, live, over."""

import pytest

from outpost.protocol.actions import Compare, Register, Report, TakeCommand
from outpost.protocol.codec import MAX_FRAME
from outpost.protocol.session import CONNECT_SECONDS, IDLE_SECONDS, Session
from outpost.store.contract import Seen
from tests.outpost.protocol.frames import OTHER, SERIAL, connect, event, result, said, sample, state
from tests.outpost.protocol.told import (
    DOCUMENT,
    NOW,
    closed,
    counted,
    facts,
    live,
    new_session,
    pushed,
    reports,
    sent,
    wanted,
)


def test_a_connect_frame_registers_before_anything_is_compared():
    (register,) = new_session().receive(sample("ap-connect"), NOW)
    assert isinstance(register, Register)
    said = register.connection
    assert (said.serial, said.outpost, said.uuid, said.address) == (SERIAL, "o1", 1, "192.0.2.7")
    assert (said.compatible, said.compress, said.at) == ("edgecore_eap101", True, NOW)


def test_once_registered_it_is_compared():
    session = new_session()
    session.receive(connect(), NOW)
    assert session.registered(7) == [Compare()]


def test_a_claimed_one_arrives_with_all_it_said():
    session = new_session()
    session.receive(sample("ap-connect"), NOW)
    session.registered(7)
    ((kind, data),) = facts(session.compared(wanted(0), NOW))
    assert (kind, data["uuid"], data["compatible"]) == ("connected", 1, "edgecore_eap101")
    assert data["firmware"] == "OpenWrt 25.12 / TIP-v4.2.0-test"
    assert data["capabilities"]["network"]["wan"] == ["eth0"]


def test_an_unclaimed_one_is_parked_and_nothing_of_it_is_kept():
    session = new_session()
    session.receive(connect(), NOW)
    session.receive(event(NOW), NOW)
    session.registered(7)
    assert session.compared(None, NOW) == []
    assert session.receive(event(NOW), NOW + 1) == []
    assert session.receive(state(1), NOW + 9) == [Report(Seen(SERIAL, 7, NOW + 9, 1, None))]


def test_a_parked_one_is_adopted_the_moment_it_is_claimed():
    session = new_session()
    session.receive(connect(), NOW)
    session.registered(7)
    session.compared(None, NOW)
    assert [kind for kind, _ in facts(session.compared(wanted(0), NOW))] == ["connected"]
    assert session.phase == "live"


def test_a_released_one_is_parked_again_and_tells_a_next_owner_nothing_of_the_last():
    session, id = pushed(50)
    session.receive(result(id, 2, text="no"), NOW)
    session.compared(None, NOW)
    assert [kind for kind, _ in facts(session.compared(wanted(0), NOW))] == ["connected"]


def test_claimed_anew_it_is_pushed_at_once_whatever_the_former_owner_still_waited_for():
    session, id = pushed(50)
    session.compared(None, NOW)
    session.compared(wanted(60), NOW + 1)
    assert sent(session.push(60, DOCUMENT, NOW + 1))["params"]["uuid"] == 60
    assert facts(session.receive(result(id, 2, uuid=50, text="a secret of the former owner"), NOW + 2)) == []


def test_claimed_anew_it_takes_commands_whatever_the_former_owner_had_asked_for():
    session = live()
    assert TakeCommand() in session.compared(wanted(0, commands=1), NOW)
    session.compared(None, NOW)
    assert session.run([], NOW) == []
    assert TakeCommand() in session.compared(wanted(0, commands=1), NOW + 1)


def test_a_state_is_reported_with_the_session_number():
    (seen,) = reports(live().receive(state(1), NOW + 60))
    assert (seen.serial, seen.session, seen.at, seen.uuid) == (SERIAL, 7, NOW + 60, 1)
    assert seen.state == b'{"unit": {"uptime": 60}}'


def test_until_it_is_known_who_claims_it_facts_and_the_last_state_are_held():
    session = new_session()
    session.receive(connect(), NOW)
    session.receive(event(NOW - 500, "wired.carrier-up"), NOW)
    session.receive(state(1), NOW)
    session.pinged(NOW + 30)
    (seen,) = reports(session.registered(7))
    assert (seen.session, seen.state is not None) == (7, True)
    assert [kind for kind, _ in facts(session.compared(wanted(0), NOW))] == ["connected", "event"]


def test_held_facts_are_bounded():
    session = new_session()
    session.receive(connect(), NOW)
    for second in range(1000):
        session.receive(event(NOW), NOW + second)
    session.registered(7)
    assert len(facts(session.compared(wanted(0), NOW))) == 301


def test_held_facts_are_bounded_in_bytes_as_well():
    session = new_session()
    session.receive(connect(), NOW)
    for _ in range(100):
        session.receive(event(NOW, text="x" * 60_000), NOW)
    session.registered(7)
    assert [kind for kind, _ in facts(session.compared(wanted(0), NOW))] == ["connected", "event", "event"]


def test_events_buffered_while_offline_come_with_their_old_time():
    ((kind, data),) = facts(live().receive(event(NOW - 86_400), NOW))
    assert (kind, data) == ("event", {"type": "client.join", "payload": {}, "at": NOW - 86_400})


@pytest.mark.parametrize("at", [0, 5, NOW + 301, 1e300])
def test_an_events_time_from_a_wrong_clock_is_replaced(at):
    ((_, data),) = facts(live().receive(event(at), NOW))
    assert data["at"] == NOW


def test_signs_of_life_are_written_every_few_seconds_at_most():
    session = live()
    session.receive(state(1), NOW)
    assert session.pinged(NOW + 4) == []
    assert session.pinged(NOW + 5) == [Report(Seen(SERIAL, 7, NOW + 5))]
    assert reports(session.receive(said("ping"), NOW + 6)) == []


def test_health_is_kept_when_it_changes():
    session = live()
    healthy = said("healthcheck", uuid=1, sanity=100, data={})
    ill = said("healthcheck", uuid=1, sanity=60, data={"dns": False})
    assert facts(session.receive(healthy, NOW)) == []
    assert facts(session.receive(ill, NOW)) == [("health", {"sanity": 60, "data": {"dns": False}})]
    assert facts(session.receive(ill, NOW)) == []


def test_a_log_line_is_kept():
    assert facts(live().receive(sample("ap-log"), NOW)) == [
        ("log", {"text": "Initiating gateway transfer", "severity": 6})
    ]


def test_a_device_password_is_dropped():
    assert "hunter2" not in repr(live().receive(said("deviceupdate", currentPassword="hunter2"), NOW))


def test_one_that_never_stops_talking_is_kept_within_bounds():
    session = live()
    floods = [counted(session.receive(event(NOW), NOW)) for _ in range(400)]
    assert floods.count([]) == 300
    assert facts(session.receive(event(NOW), NOW + 1)) != []
    assert closed(session.receive(event(NOW), NOW)) is None


def test_one_whose_number_never_stands_still_is_kept_within_bounds_and_believed_later():
    session = live()
    actions = [one for uuid in range(2, 1002) for one in session.receive(state(uuid), NOW)]
    assert len(facts(actions)) <= 300
    assert "flood" in counted(actions)
    assert facts(session.receive(state(1001), NOW + 60))[0][1]["uuid"] == 1001


def test_one_that_reapplies_without_end_is_kept_within_bounds():
    session = live()
    actions = [one for _ in range(1000) for one in session.receive(result(0, 2, text="no"), NOW)]
    assert len(facts(actions)) <= 300
    assert "flood" in counted(actions)


@pytest.mark.parametrize("spelling", ["903CB3AABB01", "90:3c:b3:aa:bb:01", "90-3C-B3-AA-BB-01"])
def test_the_serial_may_be_written_in_any_way_even_mixed(spelling):
    session = new_session()
    session.receive(connect(serial=spelling), NOW)
    session.registered(7)
    assert session.serial == SERIAL
    assert reports(session.receive(state(1), NOW + 1))
    assert reports(session.receive(state(1, serial=spelling), NOW + 2))


# What ends a session.


@pytest.mark.parametrize("serial", [OTHER, "53:49:4d:00:00:10"])
def test_a_serial_that_was_not_proved_closes(serial):
    actions = new_session().receive(connect(serial=serial), NOW)
    assert (counted(actions), closed(actions)) == (["wrong_serial"], "wrong_serial")


def test_another_serial_later_on_closes():
    session = live()
    actions = session.receive(state(1, serial=OTHER), NOW)
    assert closed(actions) == "wrong_serial"
    assert facts(actions) == [("disconnected", {"code": "wrong_serial"})]
    assert session.receive(state(1), NOW) == []


@pytest.mark.parametrize("frame", [state(1), result(1), said("ping"), event(NOW)])
def test_anything_before_connect_is_an_error(frame):
    session = new_session()
    assert counted(session.receive(frame, NOW)) == ["before_connect"]
    assert session.phase == "waiting"


def test_a_second_connect_frame_is_an_error():
    assert counted(live().receive(connect(), NOW)) == ["second_connect"]


def test_the_tenth_error_closes():
    session = live()
    ends = [closed(session.receive(b"nonsense", NOW)) for _ in range(11)]
    assert ends == [None] * 9 + ["protocol_errors", None]


def test_one_binary_frame_closes():
    actions = live().broken("binary")
    assert (counted(actions), closed(actions)) == (["binary"], "binary")


def test_a_frame_over_the_limit_closes():
    assert closed(live().receive(b" " * (MAX_FRAME + 1), NOW)) == "too_large"


def test_unknown_methods_are_counted_but_close_nothing():
    session = live()
    assert [counted(session.receive(said("teleport"), NOW)) for _ in range(20)] == [["unknown_method"]] * 20


def test_one_that_never_says_who_it_is_is_closed():
    session = new_session()
    session.pinged(NOW + 30)
    assert session.tick(NOW + CONNECT_SECONDS - 1) == []
    assert closed(session.tick(NOW + CONNECT_SECONDS)) == "no_connect"


def test_one_silent_for_ten_minutes_is_closed_and_pings_count():
    session = live()
    session.pinged(NOW + 300)
    assert session.tick(NOW + IDLE_SECONDS) == []
    assert closed(session.tick(NOW + 300 + IDLE_SECONDS)) == "idle"


def test_the_end_is_a_fact_dated_by_the_last_sign_of_life():
    session = live()
    session.pinged(NOW + 60)
    (fact,) = session.ended("lost")
    assert (fact.kind, fact.at, fact.data) == ("disconnected", NOW + 60, {"code": "lost"})
    assert session.ended("lost") == []


def test_what_was_held_when_the_connection_ends_is_not_lost():
    session = new_session()
    session.receive(connect(), NOW)
    session.receive(event(NOW), NOW)
    assert [kind for kind, _ in facts(session.ended("lost"))] == ["event", "disconnected"]


def test_every_door_may_be_open():
    session = Session(lambda serial: True, address="", outpost="o1", now=NOW)
    session.receive(connect(serial=OTHER), NOW)
    assert session.serial == OTHER


# The live store was lost.


def test_it_registers_again_with_what_it_runs_by_now():
    session, id = pushed(50)
    session.receive(result(id, uuid=50), NOW)
    (register,) = session.register_again()
    assert register.connection.uuid == 50
    assert b"edgecore_eap101" in register.connection.capabilities
    assert session.register_again() == []


def test_it_tells_again_what_the_store_may_not_have_passed_on():
    session, id = pushed(50)
    session.receive(result(id, 1, uuid=50, rejected=["x"]), NOW)
    session.register_again()
    session.registered(8)
    (connected, applied) = facts(session.compared(wanted(50), NOW))
    assert connected[1]["uuid"] == 50
    assert applied == ("applied", {"uuid": 50, "rejected": ["x"]})


def test_an_answer_that_comes_meanwhile_is_held_and_told_once():
    session, id = pushed(50)
    session.register_again()
    session.receive(result(id, uuid=50), NOW)
    assert session.orders.exchanges.configuration is None
    session.registered(8)
    kinds = [kind for kind, _ in facts(session.compared(wanted(50), NOW))]
    assert kinds == ["connected", "applied"]


def test_check_ins_wait_for_the_new_number():
    session = live()
    session.register_again()
    assert session.receive(state(1), NOW + 60) == []
    (seen,) = reports(session.registered(8))
    assert seen.session == 8
