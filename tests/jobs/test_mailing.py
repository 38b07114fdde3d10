"""Mails through a real SMTP server: once in effect, patient while it is away, refused one by one."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone as clock

from devices import alerting
from devices.models import AccessPoint, Alert, Link, Task
from devices.models.alert import AlertRule
from jobs.dispatch import perform
from jobs.mailing import sending
from tests.devices.together import together
from tests.jobs.mail_server import Mailbox, MailServer
from tests.world import COUNTER, World

pytestmark = pytest.mark.django_db(transaction=True)


def an_alert(world: World, *addresses: str) -> None:
    AlertRule.of(world.harbour).change(world.ada, 5, addresses)
    Task.objects.all().delete()
    since = clock.now() - timedelta(minutes=9)
    AccessPoint.objects.filter(serial=COUNTER).update(link=Link.OFFLINE, offline_since=since)
    alerting.look(clock.now())
    perform(Task.objects.get(kind="alert-mails").pk)


def waiting() -> list[Task]:
    return list(Task.objects.filter(kind="mail").order_by("key"))


def test_owners_and_admins_are_told_once_each(world: World, server: MailServer, mailbox: Mailbox) -> None:
    an_alert(world)
    for task in waiting():
        perform(task.pk)
        perform(task.pk)
    assert sorted(to for (to,), _ in mailbox.mails) == ["ada@lento.example", "bo@lento.example"]
    assert mailbox.mails[0][1]["Subject"] == "Harbour: an access point is offline"
    assert not Task.objects.exists()


def test_two_workers_do_not_both_send(world: World, server: MailServer, mailbox: Mailbox) -> None:
    an_alert(world, "desk@lento.example")
    mailbox.pause = 0.3
    (task,) = waiting()
    together(*[lambda: perform(task.pk)] * 3)
    assert len(mailbox.mails) == 1


def test_a_worker_killed_before_noting_it_sends_the_same_mail(
    world: World, server: MailServer, mailbox: Mailbox
) -> None:
    an_alert(world, "desk@lento.example")
    (task,) = waiting()
    claimed = Task.claim(task.pk, clock.now())
    assert claimed
    sending.send(claimed, {"alert": lambda told: sending.Letter("x", "operators", {})})
    Task.objects.update(lease_until=clock.now() - timedelta(seconds=1))  # it died here
    perform(task.pk)
    first, second = (mail["Message-ID"] for _, mail in mailbox.mails)
    assert first == second
    assert not waiting()


def test_a_server_that_is_away_costs_no_attempt(
    world: World, server: MailServer, mailbox: Mailbox, monkeypatch: Any
) -> None:
    an_alert(world, "desk@lento.example")
    server.stop()
    perform(waiting()[0].pk)
    (task,) = waiting()
    assert (task.attempts, task.dead) == (0, False)
    assert task.run_after > clock.now()
    server.start()
    monkeypatch.setattr(sending, "_resting_until", 0.0)
    Task.objects.update(run_after=clock.now())
    perform(task.pk)
    assert len(mailbox.mails) == 1


def test_it_waits_longer_and_is_kept_for_days() -> None:
    waits = [sending._wait(timedelta(minutes=minutes)) for minutes in (0, 10, 24 * 60)]
    assert waits == [timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=15)]
    assert timedelta(days=1) < sending.GIVES_UP_AFTER


def test_a_refused_recipient_ends_that_mail_alone(world: World, server: MailServer, mailbox: Mailbox) -> None:
    an_alert(world, "nobody@lento.example", "desk@lento.example")
    for task in waiting():
        perform(task.pk)
    (refused,) = waiting()
    assert (refused.dead, refused.last_error) == (True, "The mail server refused it: 550")
    assert [to for (to,), _ in mailbox.mails] == ["desk@lento.example"]


def test_nothing_is_sent_about_what_is_gone(world: World, server: MailServer, mailbox: Mailbox) -> None:
    an_alert(world, "desk@lento.example")
    (task,) = waiting()
    Alert.objects.all().delete()
    perform(task.pk)
    assert not mailbox.mails
    assert not waiting()


def test_operators_are_told(world: World, server: MailServer, mailbox: Mailbox, settings: Any) -> None:
    settings.OPERATORS_EMAIL = ["ops@aerie.example"]
    Task.objects.all().delete()
    task = Task.promise("operators-mail", "operators-mail:x", {"subject": "Backups", "lines": ["None."]})
    perform(task.pk)
    perform(waiting()[0].pk)
    assert mailbox.mails[0][1]["Subject"] == "Backups"
