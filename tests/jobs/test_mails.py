"""Invitation mails: sent once, found by the sweep when a word was lost, the token nowhere else."""

import re
from datetime import timedelta
from typing import Any

import django_rq
from django.core import mail
from django.urls import resolve
from django.utils import timezone as clock

from accounts.models import Invitation, Role
from jobs.mailing import invitations as mails
from tests.world import World


def invite(world: World, email: str = "nell@elsewhere.example") -> Invitation:
    return world.cafe.invite(world.bo, email, Role.VIEWER)


def link(number: int = -1) -> str:
    """The path of the link in a sent mail."""
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[number].body))
    assert found
    return found[1]


def test_the_link_in_the_mail_lets_the_invited_person_in(world: World) -> None:
    assert mails.send_invitation(invite(world).pk)
    match = resolve(link())
    assert match.url_name == "accept_invitation"
    Invitation.accept(world.nobody, match.kwargs["token"])
    assert world.cafe.memberships.filter(user=world.nobody).exists()


def test_the_mail_says_who_invites_where_as_what(world: World) -> None:
    mails.send_invitation(invite(world).pk)
    sent = mail.outbox[0]
    html = str(sent.alternatives[0][0])
    assert sent.to == ["nell@elsewhere.example"]
    assert sent.subject == "Bo invites you to the Wi-Fi of Café Lento"
    for body in (str(sent.body), html):
        assert all(words in body for words in ("Bo", "Café Lento", "Viewer", link()))


def test_names_are_escaped_in_html_and_keep_the_subject_on_one_line(world: World) -> None:
    invitation = invite(world)
    world.bo.name = "<b>Bo</b>\nBcc: x@evil.example"
    invitation.invited_by = world.bo
    sent = mails.invitation_mail(invitation, "token")
    assert "\n" not in sent.subject
    assert "<b>Bo</b>" not in str(sent.alternatives[0][0])
    sent.send()  # a header with a line break would be refused


def test_a_mail_is_sent_once(world: World) -> None:
    pk = invite(world).pk
    assert [mails.send_invitation(pk) for _ in range(3)] == [True, False, False]
    assert mails.send_due_invitations() == 0
    assert len(mail.outbox) == 1


def test_a_worker_is_told_once_the_invitation_is_committed(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        mails.send_invitation_soon(invite(world))
        assert not django_rq.get_queue(mails.QUEUE).jobs
    assert django_rq.get_queue(mails.QUEUE).jobs[0].perform()
    assert mail.outbox[0].to == ["nell@elsewhere.example"]


def test_nothing_is_sent_for_what_was_taken_back(world: World) -> None:
    invitation = invite(world)
    pk = invitation.pk
    invitation.revoke(world.bo)
    assert not mails.send_invitation(pk)
    assert not mail.outbox


def test_the_sweep_sends_what_no_worker_was_told(world: World) -> None:
    invite(world)
    invite(world, "cora@lento.example")
    assert mails.send_due_invitations() == 2
    assert {sent.to[0] for sent in mail.outbox} == {"nell@elsewhere.example", "cora@lento.example"}


def test_a_mail_server_that_is_away_delays_the_mail_only(world: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    invite(world)
    assert mails.send_due_invitations() == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mails.send_due_invitations() == 0  # not at once again
    Invitation.objects.update(mail_after=clock.now() - timedelta(seconds=1))
    assert mails.send_due_invitations() == 1


def test_each_failure_waits_longer(world: World) -> None:
    invite(world)
    waits = []
    for _attempt in range(12):
        invitation, now = Invitation.objects.get(), clock.now()
        assert invitation.mint(now)
        waits.append(Invitation.objects.get().mail_after - now)
        Invitation.objects.update(mail_after=now - timedelta(seconds=1))
    assert waits[:3] == [timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=6)


def test_a_second_mail_carries_a_message_id_of_its_own(world: World) -> None:
    mails.send_invitation(invite(world).pk)
    Invitation.objects.update(mailed_at=None, mail_after=clock.now() - timedelta(seconds=1))
    mails.send_due_invitations()
    first, second = (sent.extra_headers["Message-ID"] for sent in mail.outbox)
    assert first != second
    assert link(0) != link(1)
