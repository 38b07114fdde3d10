"""Mails that verbs promise. Which are due stands in the rows; the queue carries ids alone."""

import django_rq
import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from accounts.models import Invitation
from accounts.models.invitation import token_hash

QUEUE = "default"
SWEEP = 100
log = structlog.get_logger()


def send_invitation_soon(invitation: Invitation) -> None:
    """Tell a worker after the caller's commit; when Redis does not hear it, the sweep finds the row."""
    queue, pk = django_rq.get_queue(QUEUE), invitation.pk
    transaction.on_commit(lambda: queue.enqueue(send_invitation, pk), robust=True)


def send_invitation(invitation_id: int) -> bool:
    """Mail the invitation, unless that was done, it was taken back, or another worker is at it.

    The token is made here, right before sending, so that it exists in the mail
    alone. A worker that dies between sending and noting it leaves the mail due
    once more: then a second mail comes, whose link replaces the first.
    """
    rows = Invitation.objects.select_related("organisation", "invited_by")
    invitation = rows.filter(pk=invitation_id).first()
    token = invitation.mint(clock.now()) if invitation else None
    if invitation is None or token is None:
        return False
    invitation_mail(invitation, token).send()
    invitation.mailed(token, clock.now())
    return True


def send_due_invitations() -> int:
    """What a lost word or a mail server that was away left behind; periodic. Returns how many were sent."""
    due = Invitation.objects.mail_due(clock.now()).order_by("mail_after").values_list("pk", flat=True)
    return sum(_send_or_log(pk) for pk in list(due[:SWEEP]))


def _send_or_log(invitation_id: int) -> bool:
    """One that cannot be sent keeps no other waiting; it is due again later, each time later."""
    try:
        return send_invitation(invitation_id)
    except Exception as error:
        log.error("invitation.not_mailed", invitation=invitation_id, error=type(error).__name__)
        return False


def invitation_mail(invitation: Invitation, token: str) -> EmailMultiAlternatives:
    """The mail, with a Message-ID of its own per token so that no mailbox drops a newer link as known."""
    words = {
        "invitation": invitation,
        "organisation": invitation.organisation.name,
        "by": str(invitation.invited_by),
        "link": settings.INVITATION_LINK.format(token=token),
    }
    subject = _("%(by)s invites you to the Wi-Fi of %(organisation)s") % words
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    mail = EmailMultiAlternatives(
        " ".join(subject.split()),
        render_to_string("mails/invitation.txt", words),
        to=[invitation.email],
        headers={"Message-ID": f"<invitation-{invitation.pk}-{token_hash(token)[:16]}@{domain}>"},
    )
    mail.attach_alternative(render_to_string("mails/invitation.html", words), "text/html")
    return mail
