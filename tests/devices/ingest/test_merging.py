"""The same facts, in any order, once or twice, end in the same rows."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.ingest.facts import (
    Applied,
    CommandDone,
    CommandFailed,
    CommandSent,
    Connected,
    Content,
    Disconnected,
    News,
    Pushed,
    Refused,
)
from devices.ingest.merging import merge, merge_command, mute
from devices.models import AccessPoint, Command, Configuration, Link

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
uuids = st.integers(0, 6)
words = st.lists(st.sampled_from(["channel 14 is not legal", "unknown port"]), max_size=2)


def news(minute: int, session: int, content: Content) -> News:
    return News(f"fact-{minute}", "24f5a2000001", NOON + timedelta(minutes=minute), session, content)


def told(session: int, uuid: int = 1) -> Connected:
    """What it says of itself stays the same as long as it is connected; the number may change."""
    return Connected(uuid, f"v{session}", "eap101", {"model": f"M{session}"}, "", f"192.0.2.{session}")


contents = st.one_of(
    st.builds(Pushed, uuids),
    st.builds(Applied, uuids, words),
    st.builds(Refused, uuids, st.just("no"), words, uuids, st.booleans()),
)


@st.composite
def histories(draw: st.DrawFn) -> list[News]:
    """Up to four sessions, each at least connected; every fact at a minute of its own."""
    facts: list[tuple[int, Content]] = []
    for session in range(1, draw(st.integers(1, 4)) + 1):
        said = draw(st.lists(contents | st.builds(told, st.just(session), uuids), max_size=4))
        ended = draw(st.sampled_from([[], [Disconnected()]]))
        facts += [(session, one) for one in [told(session), *said, *ended]]
    return [
        news(minute, session, content)
        for minute, (session, content) in enumerate(draw(st.permutations(facts)))
    ]


def rows_after(history: list[News]) -> tuple[dict[str, Any], dict[str, Any]]:
    access_point, row = AccessPoint(pk=1), Configuration(pk=1)
    for one in history:
        merge(access_point, row, one)
    return _plain(access_point), _plain(row)


def _plain(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@given(st.data())
def test_any_order_any_repetition(data: st.DataObject) -> None:
    history = data.draw(histories())
    replayed = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history)))))
    assert rows_after(replayed) == rows_after(history)


def link_after(*history: News) -> str:
    return rows_after(list(history))[0]["link"]


HERE, GONE = news(1, 5, told(5)), news(2, 5, Disconnected())


def test_connecting_is_online_and_leaving_is_not() -> None:
    assert link_after(HERE) == Link.ONLINE
    assert link_after(HERE, GONE) == Link.OFFLINE
    assert link_after(GONE, HERE) == Link.OFFLINE


def test_hardware_is_named_in_the_one_spelling_that_images_have() -> None:
    said = Connected(1, "v1", "Edgecore,EAP101", {}, "", "192.0.2.1")
    assert rows_after([news(1, 5, said)])[0]["compatible"] == "edgecore_eap101"


def test_an_older_session_neither_leaves_nor_arrives() -> None:
    assert link_after(HERE, news(3, 4, Disconnected())) == Link.ONLINE
    assert link_after(HERE, GONE, news(3, 4, told(4))) == Link.OFFLINE


def test_a_disabled_one_stays_disabled() -> None:
    access_point, row = AccessPoint(pk=1, link=Link.DISABLED), Configuration(pk=1)
    for one in (HERE, GONE):
        merge(access_point, row, one)
    assert access_point.link == Link.DISABLED


def test_what_it_runs_counts_as_applied_even_when_the_answer_was_lost() -> None:
    _, row = rows_after([news(1, 5, Pushed(7)), news(2, 6, told(6, uuid=7))])
    assert (row["applied_uuid"], row["reported_uuid"]) == (7, 7)


def test_a_factory_reset_reports_a_lower_number() -> None:
    _, row = rows_after([news(1, 5, Applied(7)), news(2, 6, told(6, uuid=1))])
    assert (row["applied_uuid"], row["reported_uuid"]) == (7, 1)


def test_its_words_are_about_the_highest_number() -> None:
    refused = news(2, 5, Refused(8, "cannot", ["unknown port"]))
    for history in ([news(1, 5, Applied(7, ["old"])), refused], [refused, news(1, 5, Applied(7, ["old"]))]):
        assert rows_after(history)[1]["rejected"] == ["cannot", "unknown port"]


def test_a_stale_refusal_is_not_its_fault() -> None:
    _, row = rows_after([news(1, 5, Refused(7, "Already applied.", [], reported=9, stale=True))])
    assert (row["refused_uuid"], row["reported_uuid"]) == (0, 9)


answers = st.one_of(
    st.just(CommandSent(1)),
    st.just(CommandDone(1)),
    st.builds(CommandFailed, st.just(1), st.just("no")),
    st.just(CommandFailed(1, unanswered=True)),
)


@given(st.lists(answers, min_size=1, max_size=5), st.sampled_from(["reboot", "kick"]), st.data())
def test_commands_end_the_same_in_any_order(told: list[Content], kind: str, data: st.DataObject) -> None:
    history = [news(minute, 5, content) for minute, content in enumerate(told)]
    replayed = data.draw(st.permutations(history + history))
    assert command_after(replayed, kind) == command_after(history, kind)


def command_after(history: list[News], kind: str = "reboot") -> dict[str, Any]:
    command = Command(pk=1, kind=kind)
    for one in history:
        merge_command(command, one)
    return _plain(command)


def test_a_late_failure_overrules_an_early_success() -> None:
    early, late = news(1, 5, CommandDone(1)), news(2, 5, CommandFailed(1, "download failed"))
    assert command_after([early, late])["state"] == "failed"
    assert command_after([late, early])["text"] == "download failed"


def test_what_a_scan_found_stays_whenever_its_other_answers_come() -> None:
    found = {"scan": [{"bssid": "00:1a:2b:00:00:01", "ssid": "Bakery"}]}
    triggered, done = news(1, 5, CommandDone(1, {"text": "triggered"})), news(2, 5, CommandDone(1, found))
    failed = news(3, 5, CommandFailed(1, "cut short"))
    for history in permutations([triggered, done, failed, triggered]):
        assert [one["ssid"] for one in command_after(list(history), "wifiscan")["result"]] == ["Bakery"]


def test_a_late_answer_overrules_our_giving_up() -> None:
    command = Command(pk=1, state="expired", ended_at=NOON + timedelta(hours=1))
    merge_command(command, news(1, 5, CommandDone(1)))
    assert command.state == "done"


def test_what_is_never_answered_is_done_once_sent() -> None:
    sent, silence = news(1, 5, CommandSent(1)), news(2, 5, CommandFailed(1, unanswered=True))
    assert command_after([sent, silence], "kick")["state"] == "done"
    assert command_after([sent, silence], "reboot")["state"] == "failed"
    assert command_after([sent, news(2, 5, CommandFailed(1, "unknown station"))], "kick")["state"] == "failed"


@pytest.mark.parametrize("state", ["cancelled", "expired"])
def test_what_left_all_the_same_counts_as_sent(state: str) -> None:
    """Cancelled, or given up, in the moment in which it was fetched."""
    command = Command(pk=1, kind="reboot", state=state, ended_at=NOON, text="nobody came")
    merge_command(command, news(1, 5, CommandSent(1)))
    assert (command.state, command.ended_at, command.text) == ("sent", None, "")
    merge_command(command, news(2, 5, CommandDone(1)))
    assert command.state == "done"


def test_what_was_given_up_unanswered_stays_so_when_its_sending_is_told_again() -> None:
    command = Command(pk=1, kind="reboot", state="expired", sent_at=NOON, ended_at=NOON + timedelta(hours=1))
    merge_command(command, news(1, 5, CommandSent(1)))
    assert command.state == "expired"


def test_only_our_own_restarts_mute_and_the_longest_counts() -> None:
    access_point = AccessPoint()
    for kind, minute in (("blink", 9), ("reboot", 1), ("factory", 5), ("reboot", 2)):
        mute(access_point, Command(pk=1, kind=kind), news(minute, 5, CommandSent(1)))
        mute(access_point, Command(pk=1, kind=kind), news(minute + 30, 5, CommandDone(1)))
    assert access_point.muted_until == news(5, 5, CommandSent(1)).at + timedelta(minutes=10)


def test_it_is_offline_since_the_end_of_its_last_session() -> None:
    """Whatever comes in which order, and again."""
    facts = [news(1, 1, told(1)), news(5, 1, Disconnected()), news(6, 1, Disconnected())]
    for order in permutations(facts):
        one = AccessPoint()
        for fact in (*order, order[0]):
            merge(one, Configuration(), fact)
        assert (one.link, one.offline_since) == (Link.OFFLINE, NOON + timedelta(minutes=5))


def test_a_newer_session_ends_being_offline() -> None:
    facts = [news(1, 1, told(1)), news(5, 1, Disconnected()), news(7, 2, told(2))]
    for order in permutations(facts):
        one = AccessPoint()
        for fact in order:
            merge(one, Configuration(), fact)
        assert (one.link, one.offline_since) == (Link.ONLINE, None)
