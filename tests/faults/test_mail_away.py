"""An hour without a mail server: every mail comes once, afterwards, and no attempt is spent."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone as clock

from accounts.models import Role
from devices.models import Task
from jobs import dispatch
from jobs.mailing import invitations, sending
from jobs.mailing.promising import promise_mails
from tests.jobs.mail_server import Mailbox, MailServer
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
MAILS = 5
NEW = "guest@elsewhere.example"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox, settings: Any) -> Iterator[MailServer]:
    server = MailServer(mailbox)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    server.start()
    yield server
    server.stop()


def work(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due at this moment; the half minute a worker rests after a failure has passed."""
    with time_machine.travel(now, tick=False):
        for pk, _kind in Task.due(clock.now()):
            monkeypatch.setattr(sending, "_resting_until", 0.0)
            dispatch.perform(pk)
        invitations.send_due_invitations()


def test_an_hour_without_a_mail_server_costs_no_attempt_and_each_mail_comes_once(
    world: World,
    server: MailServer,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    measured: Callable[..., Any],
) -> None:
    Task.objects.all().delete()
    server.stop()
    began = clock.now()
    told = {"subject": "Backups", "lines": ["None."]}
    addresses = [f"desk-{number}@lento.example" for number in range(MAILS)]
    promise_mails(("operators", "away", address, told) for address in addresses)
    world.cafe.invite(world.ada, NEW, Role.VIEWER)
    for minutes in range(0, 60, 2):
        work(began + timedelta(minutes=minutes), monkeypatch)
    assert set(Task.objects.values_list("attempts", "dead")) == {(0, False)}
    server.start()
    for minutes in range(60, 140, 2):
        work(began + timedelta(minutes=minutes), monkeypatch)
    sent = [to for (to,), _mail in mailbox.mails]
    measured(len(set(addresses) - set(sent)), "mails missing", of=MAILS + 1)
    assert sorted(sent) == sorted([*addresses, NEW])
