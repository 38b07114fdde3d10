"""kill -9 of a worker between a mail's sending and its noting: the same mail again, one in each mailbox."""

import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone as clock

from devices.models import Task
from jobs.dispatch import perform
from tests.jobs.mail_server import Mailbox, MailServer
from tests.jobs.test_mailing import an_alert, waiting
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
WORKER = "import sys, django; django.setup(); from jobs.dispatch import perform; perform(int(sys.argv[1]))"


class Killer(Mailbox):
    """Keeps the mail, and kills who brought it before saying so."""

    def __init__(self) -> None:
        super().__init__()
        self.victim: subprocess.Popen[bytes] | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.victim:
            self.victim.send_signal(signal.SIGKILL)
            self.victim.wait()
        return answer


@pytest.fixture
def mailbox() -> Killer:
    return Killer()


def worker(mailbox: Killer, environment: dict[str, str], task: Task) -> int:
    """A process that performs the task. Returns its exit status."""
    command = [sys.executable, "-c", WORKER, str(task.pk)]
    mailbox.victim = subprocess.Popen(command, env=environment)
    return mailbox.victim.wait(100)


def test_a_killed_worker_s_mail_comes_again_and_is_known(
    world: World, server: MailServer, mailbox: Killer, process_environment: dict[str, str]
) -> None:
    an_alert(world, "desk@lento.example", "night@lento.example")
    environment = process_environment | {"EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}
    for task in waiting():
        assert worker(mailbox, environment, task) == -signal.SIGKILL
    mailbox.victim = None
    assert len(waiting()) == 2  # none was noted
    Task.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    for task in waiting():
        perform(task.pk)
    sent = [(to, mail["Message-ID"]) for (to,), mail in mailbox.mails]
    assert len(sent) == 4
    assert len(set(sent)) == len({key for _to, key in sent}) == 2
    assert not waiting()


def test_the_lease_outlives_the_worker_and_keeps_others_off(
    world: World, server: MailServer, mailbox: Killer, process_environment: dict[str, str]
) -> None:
    an_alert(world, "desk@lento.example")
    environment = process_environment | {"EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}
    (task,) = waiting()
    worker(mailbox, environment, task)
    mailbox.victim = None
    perform(task.pk)  # a second worker, at once
    assert len(mailbox.mails) == 1
    assert Task.claim(task.pk, clock.now() + timedelta(minutes=2)) is not None
