"""What stands in the mails: plain and HTML, in words, with the right link, whatever things are called."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone as clock
from django.utils.translation import override

from devices.models import AccessPoint, Alert, Link, Network, Rollout, Task
from devices.models.rollout import RolloutState, TargetState
from devices.rollouts.decide import Budget
from devices.rollouts.judge import Outcome
from jobs.dispatch import perform
from jobs.mailing import letters, sending
from tests.devices.upgrading.night import HARDWARE, OLD, OPEN, Night
from tests.jobs.mail_server import Mailbox, MailServer
from tests.world import COUNTER, LOBBY, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)


def composed(what: str, **told: Any) -> EmailMultiAlternatives:
    letter = letters.WRITERS[what](told)
    assert letter is not None
    return sending.compose(letter, f"mail:{what}:1:x@lento.example", "x@lento.example")


def bodies(mail: EmailMultiAlternatives) -> list[str]:
    """Plain and HTML."""
    assert mail.alternatives[0][1] == "text/html"
    return [str(mail.body), str(mail.alternatives[0][0])]


@pytest.fixture
def alert(world: World) -> Alert:
    """Counter is offline, Window is back, a third one is somebody else's by now."""
    row = Alert.objects.create(network=world.harbour, opened_at=clock.now(), serials=[COUNTER, WINDOW, LOBBY])
    since = clock.now().replace(year=2026, month=7, day=1, hour=10, minute=30)
    AccessPoint.objects.filter(serial=COUNTER).update(link=Link.OFFLINE, offline_since=since)
    AccessPoint.objects.filter(serial=WINDOW).update(link=Link.ONLINE)
    return row


def test_an_alert_says_who_where_and_since_when_by_the_network_s_clock(world: World, alert: Alert) -> None:
    mail = composed("alert", alert=alert.pk)
    assert mail.subject == "Harbour: 3 access points are offline"
    for body in bodies(mail):
        assert "Counter (offline since July 1, 2026, 12:30 p.m., Europe/Amsterdam)" in body
        assert "Window (Online)" in body
        assert f"{LOBBY} (no longer in this network)" in body
        assert f"/o/cafe-lento/networks/{world.harbour.pk}/" in body


def test_a_mail_that_had_to_wait_does_not_call_offline_who_is_back(alert: Alert) -> None:
    Alert.objects.update(closed_at=clock.now(), open_for=None)
    assert composed("alert", alert=alert.pk).subject == "Harbour: 3 access points were offline"


def test_somebody_else_s_access_point_is_not_named(alert: Alert) -> None:
    assert all("Lobby" not in body for body in bodies(composed("alert", alert=alert.pk)))


def test_a_recovery_says_that_it_is_over(world: World, alert: Alert) -> None:
    mail = composed("recovery", alert=alert.pk)
    assert mail.subject == "Harbour: the alert is over"
    for body in bodies(mail):
        assert "nobody is missed any more" in body
        assert "Window (Online)" in body
        assert f"/o/cafe-lento/networks/{world.harbour.pk}/" in body


def test_a_mail_names_fifty_at_most(world: World) -> None:
    serials = [f"24f5a2001{n:03x}" for n in range(60)]
    row = Alert.objects.create(network=world.harbour, opened_at=clock.now(), serials=serials)
    plain, html = bodies(composed("alert", alert=row.pk))
    assert (serials[49] in plain, serials[50] in plain) == (True, False)
    assert "And 10 more." in plain
    assert html.count("<li>") == 50


def test_names_make_neither_headers_nor_markup(world: World, server: MailServer, mailbox: Mailbox) -> None:
    evil = "<b>x</b>\r\nBcc: spy@evil.example"
    Network.objects.filter(pk=world.harbour.pk).update(name=evil)
    AccessPoint.objects.filter(serial=COUNTER).update(name="<script>alert(1)</script>")
    row = Alert.objects.create(network=world.harbour, opened_at=clock.now(), serials=[COUNTER])
    mail = composed("alert", alert=row.pk)
    assert "<script>" not in bodies(mail)[1]
    assert "<b>x</b>" not in bodies(mail)[1]
    mail.send()
    ((to, sent),) = mailbox.mails
    assert (to, sent["Bcc"]) == (["x@lento.example"], None)
    assert sent["Subject"] == "<b>x</b> Bcc: spy@evil.example: an access point is offline"


def test_a_mail_is_in_its_own_language_whoever_is_at_work(world: World, alert: Alert) -> None:
    payload = {"alert": alert.pk, "what": "alert", "to": "x@lento.example", "since": clock.now().isoformat()}
    seen: list[str | None] = []

    def writer(told: dict[str, Any]) -> None:
        from django.utils.translation import get_language

        seen.append(get_language())

    with override("nl"):
        sending.send(Task(key="mail:alert:1:x", payload=payload), {"alert": writer})
    assert seen == ["en"]


# --- rollouts -----------------------------------------------------------------------------------


@pytest.fixture
def night(world: World) -> Night:
    """The café's three are online and old."""
    Task.objects.all().delete()
    columns = {"compatible": HARDWARE, "firmware": OLD, "link": Link.ONLINE, "session": 1}
    AccessPoint.objects.of(world.cafe).update(**columns)
    return Night(world)


def told(rollout: Rollout) -> Task:
    """The one promise of a summary."""
    (task,) = Task.objects.filter(kind="rollout-summary")
    assert task.payload == {"rollout": rollout.pk}
    return task


def fail(night: Night, *endings: tuple[str, str]) -> None:
    """End as many targets as there are endings, each an outcome and the access point's own words."""
    pks = night.rollout.targets.order_by("serial").values_list("pk", flat=True)
    for pk, (outcome, words) in zip(pks, endings, strict=False):
        ended = {"state": TargetState.FAILED, "outcome": outcome, "words": words, "slot": None}
        night.rollout.targets.filter(pk=pk).update(**ended)


def deliver(task: Task) -> None:
    """Write to all, and send what that promised; both twice, as a killed worker's successor would."""
    for _ in range(2):
        perform(task.pk)
    for mail in Task.objects.filter(kind="mail"):
        for _ in range(2):
            perform(mail.pk)


def test_a_finished_rollout_is_summed_up_once_for_each_in_charge(
    night: Night, server: MailServer, mailbox: Mailbox
) -> None:
    night.start()
    night.rollout.targets.update(state=TargetState.SUCCEEDED, outcome=Outcome.UPGRADED)
    assert night.look(OPEN)[-1] == "Finish"
    deliver(told(night.rollout))
    assert sorted(to for (to,), _ in mailbox.mails) == ["ada@lento.example", "bo@lento.example"]
    plain = mailbox.mails[0][1].get_payload()[0].get_payload(decode=True).decode()
    assert mailbox.mails[0][1]["Subject"].endswith(": Finished")
    assert "Upgraded: 3" in plain
    assert f"/o/cafe-lento/rollouts/{night.rollout.pk}/" in plain
    assert not Task.objects.filter(kind__in=("mail", "rollout-summary")).exists()


def test_a_halted_rollout_says_why_in_words(night: Night, server: MailServer, mailbox: Mailbox) -> None:
    night.start(budget=Budget(1))
    night.look(OPEN)
    fail(night, (Outcome.SILENT, ""), (Outcome.REFUSED, "<b>No space left</b>"), (Outcome.SILENT, ""))
    assert night.look()[-1] == "Halt"
    assert night.rollout.state == RolloutState.HALTED
    deliver(told(night.rollout))
    plain, html = (part.get_payload(decode=True).decode() for part in mailbox.mails[0][1].get_payload())
    assert mailbox.mails[0][1]["Subject"].endswith(": Halted")
    for words in ("3 of 3 access points failed", "Failed: 3", "Was not heard of again in time (2)"):
        assert words in plain
        assert words in html
    assert "Refused the upgrade: <b>No space left</b> (1)" in plain
    assert "Refused the upgrade: &lt;b&gt;No space left&lt;/b&gt; (1)" in html
    assert "It took" not in plain


def test_halted_again_is_told_again(night: Night, server: MailServer, mailbox: Mailbox) -> None:
    night.start(budget=Budget(1))
    night.look(OPEN)
    fail(night, (Outcome.SILENT, ""), (Outcome.SILENT, ""))
    night.look()
    deliver(told(night.rollout))
    night.rollout.state, night.rollout.look_at = RolloutState.RUNNING, night.now
    night.rollout.forgiven = 0
    night.rollout.save()
    assert night.look(night.now + timedelta(minutes=1))[-1] == "Halt"
    deliver(told(night.rollout))
    assert len({mail["Message-ID"] for _, mail in mailbox.mails}) == len(mailbox.mails) == 4


def test_a_rollout_that_is_gone_is_not_told_of(night: Night, server: MailServer, mailbox: Mailbox) -> None:
    night.start()
    night.rollout.targets.update(state=TargetState.SUCCEEDED, outcome=Outcome.UPGRADED)
    night.look(OPEN)
    task = told(night.rollout)
    night.rollout.delete()
    deliver(task)
    assert not mailbox.mails
    assert not Task.objects.filter(kind__in=("mail", "rollout-summary")).exists()
