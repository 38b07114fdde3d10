"""How an attempt went: the whole table of what can be heard."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from devices.rollouts.judge import Attempt, Heard, Outcome, judge

DEADLINE = datetime(2026, 11, 1, 3, tzinfo=UTC)
BEFORE, AFTER = DEADLINE - timedelta(seconds=1), DEADLINE
NEW, OLD = "OpenWrt 25.12 / TIP-v4.2.0", "OpenWrt 21.02 / TIP-v2.7.0"
ATTEMPT = Attempt(version="TIP-v4.2.0", session=7, deadline=DEADLINE, sent=True, refused=False)
HEARD = Heard(firmware=OLD, session=7, boot_reason="upgradefailed", online=True)
FLAGS = list(product([True, False], repeat=2))


@pytest.mark.parametrize(("sent", "refused"), FLAGS)
@pytest.mark.parametrize("now", [BEFORE, AFTER])
@pytest.mark.parametrize(("reason", "online"), [*product(["upgrade", "upgradefailed", ""], [True, False])])
def test_who_runs_the_image_is_upgraded_whatever_else_it_says(sent, refused, now, reason, online):
    heard = Heard(NEW, 8, reason, online)
    assert judge(replace(ATTEMPT, sent=sent, refused=refused), heard, now) == Outcome.UPGRADED


@pytest.mark.parametrize(("sent", "refused"), FLAGS)
@pytest.mark.parametrize("now", [BEFORE, AFTER])
def test_its_own_word_after_a_new_connection_is_believed_at_once(sent, refused, now):
    attempt = replace(ATTEMPT, sent=sent, refused=refused)
    assert judge(attempt, replace(HEARD, session=8), now) == Outcome.UPGRADE_FAILED


@pytest.mark.parametrize("reason", ["reboot", "coldboot", "", "upgrade"])
@pytest.mark.parametrize("session", [7, 8])
def test_another_boot_proves_nothing_before_the_deadline(reason, session):
    assert judge(ATTEMPT, Heard(OLD, session, reason, online=True), BEFORE) is None


def test_an_older_failure_told_in_the_same_session_is_none_of_this_attempt():
    assert judge(ATTEMPT, HEARD, BEFORE) is None
    assert judge(ATTEMPT, HEARD, AFTER) == Outcome.OLD_FIRMWARE


def test_an_older_failure_told_again_may_be_a_mere_reconnect_until_the_deadline():
    again = replace(ATTEMPT, told="upgradefailed")
    assert judge(again, replace(HEARD, session=8), BEFORE) is None
    assert judge(again, replace(HEARD, session=8), AFTER) == Outcome.UPGRADE_FAILED
    assert judge(again, replace(HEARD, session=8, online=False), AFTER) == Outcome.SILENT


@pytest.mark.parametrize(("sent", "now"), [*product([True, False], [BEFORE, AFTER])])
def test_a_refusal_is_final(sent, now):
    assert judge(replace(ATTEMPT, sent=sent, refused=True), HEARD, now) == Outcome.REFUSED


@pytest.mark.parametrize(
    ("sent", "online", "outcome"),
    [
        (True, True, Outcome.OLD_FIRMWARE),
        (True, False, Outcome.SILENT),
        (False, True, Outcome.UNSENT),
        (False, False, Outcome.UNSENT),
    ],
)
def test_at_the_deadline(sent, online, outcome):
    attempt, heard = replace(ATTEMPT, sent=sent), replace(HEARD, boot_reason="", online=online)
    assert judge(attempt, heard, BEFORE) is None
    assert judge(attempt, heard, AFTER) == outcome
