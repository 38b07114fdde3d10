"""The configuration's number and every trap in it, one test each (docs/protocol.md, "uuid")."""

import pytest

from outpost.protocol.actions import Compare, Fetch, Outcome
from outpost.protocol.orders import CONFIGURE_SECONDS
from outpost.protocol.versions import ATTEMPTS
from tests.outpost.protocol.frames import connect, result, said, state
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


def compared(running, desired):
    """What is done about an access point that connects running one number while another is desired."""
    session = new_session()
    session.receive(connect(running), NOW)
    session.registered(7)
    return [action for action in session.compared(wanted(desired), NOW) if not facts([action])]


@pytest.mark.parametrize("running", [1, 49])
def test_an_older_one_is_pushed(running):
    assert compared(running, 50) == [Fetch()]


def test_the_same_number_sends_nothing():
    assert compared(50, 50) == []


def test_a_newer_one_is_not_pushed_but_told():
    session = new_session()
    session.receive(connect(90), NOW)
    session.registered(7)
    actions = session.compared(wanted(50), NOW)
    assert [(kind, data["uuid"]) for kind, data in facts(actions)] == [("connected", 90)]
    assert Fetch() not in actions


def test_in_recovery_nothing_is_pushed():
    assert compared(0, 50) == []


def test_claimed_but_without_configuration_nothing_is_pushed():
    assert compared(1, 0) == []


def test_a_push_carries_the_number_twice_and_is_a_fact():
    actions = live().push(50, DOCUMENT, NOW)
    assert sent(actions)["params"]["config"] == {"uuid": 50, "unit": {"name": "a"}}
    assert facts(actions) == [("pushed", {"uuid": 50})]


def test_applied_is_our_number_and_error_0():
    session, id = pushed(50)
    actions = session.receive(result(id, 0, uuid=50), NOW + 0.5)
    assert facts(actions) == [("applied", {"uuid": 50, "rejected": []})]
    assert [seen.uuid for seen in reports(actions)] == [50]
    assert Outcome("configure", "applied", 0.5) in actions


def test_applied_with_rejects_is_applied_and_says_which():
    session, id = pushed(50)
    actions = session.receive(result(id, 1, uuid=50, rejected=["ssid 3: no such band"]), NOW)
    assert facts(actions) == [("applied", {"uuid": 50, "rejected": ["ssid 3: no such band"]})]


def test_already_applied_with_an_old_number_is_not_applied():
    session, id = pushed(50, running=1)
    ((kind, data),) = facts(session.receive(result(id, 0, uuid=40, text="Already applied."), NOW))
    assert (kind, data["stale"]) == ("refused", True)
    assert (data["uuid"], data["reported"], data["text"]) == (50, 40, "Already applied.")
    assert session.orders.versions.reported == 40


def test_a_success_that_does_not_say_for_which_number_is_not_applied():
    session, id = pushed(50)
    ((kind, data),) = facts(session.receive(result(id, 0, uuid=None), NOW))
    assert (kind, data["reported"]) == ("refused", 1)


@pytest.mark.parametrize("answered", [1, 50])
def test_refused_leaves_the_old_one_active_and_uses_the_number_up(answered):
    session, id = pushed(50, running=1)
    ((kind, data),) = facts(session.receive(result(id, 2, uuid=answered, text="no", rejected=["x"]), NOW))
    assert kind == "refused"
    assert data == {"uuid": 50, "text": "no", "rejected": ["x"], "reported": 1, "stale": False}
    assert session.compared(wanted(50), NOW) == []
    assert session.compared(wanted(51), NOW) == [Fetch()]


def test_answered_with_a_newer_number_that_one_is_what_runs():
    session, id = pushed(50)
    session.receive(result(id, 0, uuid=90, text="Already applied."), NOW)
    assert session.orders.versions.reported == 90
    assert session.compared(wanted(60), NOW) == []


def test_an_applied_number_is_not_pushed_again_by_any_nudge():
    session, id = pushed(50)
    session.receive(result(id, 0, uuid=50), NOW)
    assert session.compared(wanted(50), NOW) == []
    assert session.push(50, DOCUMENT, NOW) == []


def test_one_configuration_at_a_time_and_the_next_right_after():
    session, id = pushed(50)
    assert session.compared(wanted(51), NOW) == []
    assert session.push(51, DOCUMENT, NOW) == []
    assert Compare() in session.receive(result(id, 0, uuid=50), NOW)
    assert session.compared(wanted(51), NOW) == [Fetch()]


def test_of_two_fetched_at_once_the_second_is_compared_after_the_first():
    session = live()
    assert session.compared(wanted(50), NOW) == [Fetch()]
    assert session.compared(wanted(60), NOW) == [Fetch()]
    id = sent(session.push(50, DOCUMENT, NOW))["id"]
    assert session.push(60, DOCUMENT, NOW) == []
    assert Compare() in session.receive(result(id, uuid=50), NOW + 1)


def test_no_answer_for_120_seconds_is_tried_again_three_times():
    session = live()
    now = NOW
    for _ in range(ATTEMPTS):
        assert session.compared(wanted(50), now) == [Fetch()]
        session.push(50, DOCUMENT, now)
        now += CONFIGURE_SECONDS
        session.pinged(now)
        assert session.tick(now) == [Outcome("configure", "unanswered", 120.0), Compare()]
    assert session.compared(wanted(50), now) == []
    assert session.compared(wanted(51), now) == [Fetch()]


def test_before_120_seconds_it_is_waited_for():
    session, _ = pushed(50)
    session.pinged(NOW + 119)
    assert session.tick(NOW + 119) == []
    assert session.due == NOW + CONFIGURE_SECONDS


def test_a_late_answer_still_counts():
    session, id = pushed(50)
    session.tick(NOW + CONFIGURE_SECONDS)
    actions = session.receive(result(id, 0, uuid=50), NOW + 200)
    assert facts(actions) == [("applied", {"uuid": 50, "rejected": []})]
    assert session.compared(wanted(50), NOW + 201) == []


def test_a_late_answer_does_not_end_the_wait_for_the_next_push():
    session, first = pushed(50)
    session.tick(NOW + CONFIGURE_SECONDS)
    second = sent(session.push(60, DOCUMENT, NOW + 121))["id"]
    session.receive(result(first, 0, uuid=50), NOW + 122)
    assert session.orders.exchanges.configuration.id == second


def test_two_answers_for_one_id_are_both_heard_and_a_third_is_noise():
    session, id = pushed(50)
    session.receive(result(id, 0, uuid=50), NOW)
    assert [kind for kind, _ in facts(session.receive(result(id, 2, uuid=50), NOW))] == ["refused"]
    assert counted(session.receive(result(id, 0, uuid=50), NOW)) == ["unknown_result"]


def test_an_answer_to_nothing_we_sent_changes_nothing_and_closes_nothing():
    session, id = pushed(50)
    for other in range(id + 1, id + 20):
        actions = session.receive(result(other, 0, uuid=50), NOW)
        assert (counted(actions), facts(actions), closed(actions)) == (["unknown_result"], [], None)
    assert session.orders.exchanges.configuration is not None


def test_an_unsolicited_answer_after_boot_is_not_an_answer_to_a_push():
    session, id = pushed(50)
    assert facts(session.receive(result(0, 0, uuid=50), NOW)) == []
    assert session.orders.exchanges.configuration.id == id


def test_an_unsolicited_success_is_no_news():
    assert facts(live(40).receive(result(0, 0, uuid=40), NOW)) == []


def test_an_unsolicited_answer_with_rejects_is_kept():
    fact = ("applied", {"uuid": 40, "rejected": ["x"]})
    assert facts(live(40).receive(result(0, 1, uuid=40, rejected=["x"]), NOW)) == [fact]


def test_an_unsolicited_failure_is_kept():
    ((kind, data),) = facts(live(40).receive(result(0, 2, uuid=40, text="no radio"), NOW))
    assert (kind, data["uuid"], data["text"]) == ("refused", 40, "no radio")


def test_a_number_that_changed_by_itself_is_news_and_compared():
    actions = live(40).receive(state(90), NOW)
    assert [(kind, data["uuid"], data["reason"]) for kind, data in facts(actions)] == [
        ("connected", 90, "uuid changed")
    ]
    assert Compare() in actions


def test_an_older_number_is_believed_the_second_time():
    session, id = pushed(50)
    session.receive(result(id, 0, uuid=50), NOW)
    assert facts(session.receive(state(1), NOW)) == []
    assert facts(session.receive(state(1), NOW + 60)) != []
    assert session.compared(wanted(50), NOW + 60) == []


def test_what_it_says_while_applying_is_not_news():
    session, _ = pushed(50)
    assert facts(session.receive(state(50), NOW)) == []
    assert facts(session.receive(said("healthcheck", uuid=50, sanity=100), NOW)) == []


def test_a_configuration_too_large_for_it_is_refused_in_our_words():
    session = live(compress=False)
    ((kind, data),) = facts(session.push(50, b'{"a":"%s"}' % (b"x" * 40_000), NOW))
    assert (kind, data["uuid"]) == ("refused", 50)
    assert "an access point reads at most" in data["text"]
    assert session.compared(wanted(50), NOW) == []


def test_a_large_configuration_goes_compressed_where_that_is_understood():
    frame = sent(live(compress=True).push(50, b'{"a":"%s"}' % (b"x" * 40_000), NOW))
    assert "compress_64" in frame["params"]


def test_a_document_that_cannot_be_used_is_refused_once():
    session = live()
    ((kind, data),) = facts(session.unsendable(50, "It cannot be opened.", NOW))
    assert (kind, data["text"]) == ("refused", "It cannot be opened.")
    assert session.compared(wanted(50), NOW) == []


def test_nothing_is_pushed_to_one_that_was_released_meanwhile():
    session = live()
    session.compared(None, NOW)
    assert session.push(50, DOCUMENT, NOW) == []
