"""Commands: taken one at a time, answered once, twice, late or never."""

import msgspec
import pytest

from outpost.protocol.actions import Fetch, Outcome, TakeCommand
from outpost.protocol.messages import MAX_NUMBER
from outpost.protocol.session import Session
from tests.outpost.protocol.frames import SERIAL, connect, result
from tests.outpost.protocol.told import (
    DOCUMENT,
    NOW,
    command,
    counted,
    facts,
    live,
    new_session,
    pushed,
    sent,
    wanted,
)


def running(waiting=1, **options):
    """A session that has just sent a command, and the frame's id."""
    session = live()
    session.compared(wanted(0, commands=waiting), NOW)
    return session, sent(session.run([command(**options)], NOW))["id"]


def test_a_waiting_command_is_taken_and_one_only():
    session = live()
    assert session.compared(wanted(0, commands=2), NOW) == [TakeCommand()]
    assert session.compared(wanted(0, commands=3), NOW) == []


def test_a_configuration_goes_first():
    session = live()
    assert session.compared(wanted(50, commands=1), NOW) == [Fetch(), TakeCommand()]


def test_a_command_is_sent_and_is_a_fact():
    session = live()
    session.compared(wanted(0, commands=1), NOW)
    actions = session.run([command(9, "leds", pattern="blink", duration=5)], NOW)
    frame = sent(actions)
    assert frame["method"] == "leds"
    assert frame["params"] == {"pattern": "blink", "duration": 5, "serial": SERIAL, "when": 0}
    assert facts(actions) == [("command_sent", {"command": 9})]


def test_done_carries_what_it_answered():
    session, id = running()
    ((kind, data),) = facts(session.receive(result(id, 0, text="Success", scan=[1]), NOW))
    assert kind == "command_done"
    assert data == {"command": 9, "result": {"error": 0, "text": "Success", "scan": [1]}}


def test_failed_carries_its_words():
    session, id = running()
    ((kind, data),) = facts(session.receive(result(id, 1, text="Command not supported"), NOW))
    assert (kind, data["command"], data["text"]) == ("command_failed", 9, "Command not supported")


def test_triggered_early_and_failed_late_is_failed_in_the_end():
    session, id = running()
    session.receive(result(id, 0, text="triggered command action"), NOW)
    ((kind, data),) = facts(session.receive(result(id, 255, result="timed out"), NOW + 300))
    assert (kind, data["text"]) == ("command_failed", "timed out")


def test_the_next_one_is_taken_when_one_was_answered():
    session, id = running(waiting=2)
    assert TakeCommand() in session.receive(result(id), NOW)
    assert TakeCommand() not in session.receive(result(id), NOW)


def test_without_another_waiting_nothing_is_taken():
    session, id = running(waiting=1)
    assert TakeCommand() not in session.receive(result(id), NOW)


def test_one_queued_while_another_was_being_taken_is_taken_next():
    session = live()
    session.compared(wanted(0, commands=1), NOW)
    session.compared(wanted(0, commands=1), NOW)  # the first is on its way here, this is the second
    id = sent(session.run([command(9)], NOW))["id"]
    assert TakeCommand() in session.receive(result(id), NOW)
    assert session.run([], NOW) == []


def test_one_queued_while_none_was_found_is_taken():
    session = live()
    session.compared(wanted(0, commands=1), NOW)
    session.compared(wanted(0, commands=1), NOW)
    assert session.run([], NOW) == [TakeCommand()]
    assert session.run([], NOW) == []


def test_no_answer_within_its_time_is_failed_and_the_next_one_taken():
    session, _ = running(waiting=2)
    assert session.tick(NOW + 29) == []
    actions = session.tick(NOW + 30)
    data = {"command": 9, "text": "", "result": None, "unanswered": True}
    assert facts(actions) == [("command_failed", data)]
    assert TakeCommand() in actions


def test_an_answer_after_its_time_still_tells():
    session, id = running()
    session.tick(NOW + 30)
    assert [kind for kind, _ in facts(session.receive(result(id), NOW + 90))] == ["command_done"]


def test_one_that_expired_is_not_sent_and_the_next_one_taken():
    session = live()
    session.compared(wanted(0, commands=2), NOW)
    assert session.run([command()], NOW + 60) == [Outcome("command", "expired", 0.0), TakeCommand()]


def test_one_too_large_fails_in_words():
    session = live(compress=False)
    session.compared(wanted(0, commands=1), NOW)
    ((kind, data),) = facts(session.run([command(method="script", script="x" * 40_000)], NOW))
    assert (kind, data["command"]) == ("command_failed", 9)
    assert "reads at most" in data["text"]


def test_when_the_store_had_none_after_all_nothing_waits():
    session = live()
    session.compared(wanted(0, commands=1), NOW)
    assert session.run([], NOW) == []
    assert session.compared(wanted(0, commands=1), NOW) == [TakeCommand()]


def test_one_taken_just_before_the_store_was_lost_is_still_sent():
    session = live()
    session.compared(wanted(0, commands=1), NOW)
    session.register_again()
    assert sent(session.run([command()], NOW))["method"] == "reboot"
    session.registered(8)
    assert [kind for kind, _ in facts(session.compared(wanted(0), NOW))] == ["connected", "command_sent"]


def test_a_configuration_and_a_command_are_told_apart_by_id():
    session, configure = pushed(50)
    session.compared(wanted(50, commands=1), NOW)
    reboot = sent(session.run([command()], NOW))["id"]
    assert [kind for kind, _ in facts(session.receive(result(reboot), NOW))] == ["command_done"]
    assert [kind for kind, _ in facts(session.receive(result(configure, uuid=50), NOW))] == ["applied"]


def test_an_answer_meant_for_an_earlier_connection_matches_nothing():
    _, id = running()
    later = Session(lambda serial: True, address="", outpost="o1", now=NOW, first_id=5_000)
    later.receive(connect(), NOW)
    later.registered(8)
    later.compared(wanted(0, commands=1), NOW)
    later.run([command()], NOW)
    assert counted(later.receive(result(id), NOW)) == ["unknown_result"]


@pytest.mark.parametrize("first", [1, MAX_NUMBER])
def test_ids_stay_within_31_bits_and_are_never_0(first):
    session = new_session()
    session.first_id = first
    session.receive(connect(), NOW)
    session.registered(7)
    session.compared(wanted(0, commands=5), NOW)
    ids = []
    for _ in range(3):
        ids.append(sent(session.run([command()], NOW))["id"])
        session.receive(result(ids[-1]), NOW)
    assert all(0 < id <= MAX_NUMBER for id in ids)


def test_a_recording_that_takes_minutes_holds_no_configuration_up():
    session = live()
    session.compared(wanted(0, commands=1), NOW)
    trace = msgspec.structs.replace(command(method="trace", duration=300), timeout=600.0)
    session.run([trace], NOW)
    assert session.compared(wanted(50, commands=1), NOW + 1) == [Fetch()]
    frame = sent(session.push(50, DOCUMENT, NOW + 1))
    assert [kind for kind, _ in facts(session.receive(result(frame["id"], uuid=50), NOW + 2))] == ["applied"]
    assert facts(session.tick(NOW + 599)) == []
    assert [kind for kind, _ in facts(session.tick(NOW + 600))] == ["command_failed"]


def test_what_is_never_answered_makes_room_for_the_next_at_its_own_time():
    session = live()
    session.compared(wanted(0, commands=2), NOW)
    session.run([msgspec.structs.replace(command(method="rrm", actions=[]), timeout=1.0)], NOW)
    assert TakeCommand() not in session.tick(NOW + 0.9)
    assert TakeCommand() in session.tick(NOW + 1.1)
