"""Mails through a real SMTP server: once in effect, patient while it is away, refused one by one."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone as clock

from devices import alerting
from devices.models import AccessPoint, Alert, Link, Network, Task
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


def promise_for(world: World, count: int) -> int:
    """Alerts of so many networks, told of at once. Returns how many statements their mails took."""
    plain = {"organisation": world.cafe, "country": "NL", "timezone": "Europe/Amsterdam"}
    Network.objects.bulk_create([Network(name=f"Place {count}.{n}", **plain) for n in range(count)])
    places = Network.objects.filter(name__startswith=f"Place {count}.")
    Alert.objects.bulk_create([Alert(network=place, opened_at=clock.now()) for place in places])
    pks = list(Alert.objects.filter(network__in=places).values_list("pk", flat=True))
    task = Task.promise("alert-mails", f"alert-mails:{count}", {"what": "opened", "alerts": pks})
    with CaptureQueriesContext(connection) as told:
        perform(task.pk)
    return len(told)


def test_mails_of_two_hundred_networks_cost_as_much_as_one_s(world: World) -> None:
    Task.objects.all().delete()
    assert promise_for(world, 200) <= promise_for(world, 1)
    assert len(waiting()) == 2 * 201


def test_a_sender_that_is_refused_ends_no_mail(world: World, server: MailServer, mailbox: Mailbox) -> None:
    """Our own mistake, true of every mail: all of them wait for it to be mended."""
    an_alert(world, "desk@lento.example")
    mailbox.refused_sender = "553 Not a sender of mine"
    perform(waiting()[0].pk)
    assert [(task.dead, task.attempts) for task in waiting()] == [(False, 0)]


def test_a_recipient_who_must_wait_does_not_hold_up_others(
    world: World, server: MailServer, mailbox: Mailbox
) -> None:
    an_alert(world, "busy@lento.example", "desk@lento.example")
    for task in waiting():
        perform(task.pk)
    assert [to for (to,), _ in mailbox.mails] == ["desk@lento.example"]
    assert [(task.payload["to"], task.dead) for task in waiting()] == [("busy@lento.example", False)]


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
