"""One mail, sent: rendered from the rows as they are now, under a Message-ID that never changes.

A worker killed between sending and noting it sends again with the same Message-ID, which mailboxes
know for the same mail. A mail server that is away costs no attempt; one that refuses a mail for
good ends that mail alone.
"""

import hashlib
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone as clock
from django.utils.translation import override

from devices.models import Task
from devices.models.task import Hopeless, NotNow

GIVES_UP_AFTER = timedelta(days=3)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
# Longer than dispatch lets one run: a slow mail server never makes a second worker send as well.
LEASE = timedelta(seconds=90)
SECONDS = 60
# After a server that did not answer, this process tries none for so long: others' work waits behind it.
REST = 30.0
_resting_until = 0.0
# Told of one recipient or one mail; anything else (our name, our sender, our password) concerns all.
ABOUT_THE_MAIL = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Letter:
    """``template`` is a name below ``mails/``: .txt and .html of it are rendered with ``words``."""

    subject: str
    template: str
    words: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


Writer = Callable[[dict[str, Any]], Letter | None]


def send(task: Task, writers: dict[str, Writer]) -> None:
    """Raises ``NotNow`` while the mail server is away, ``Hopeless`` when it refuses this mail."""
    now = clock.now()
    since = datetime.fromisoformat(task.payload["since"])
    if now - since > GIVES_UP_AFTER:
        raise Hopeless("The mail server was away for too long")
    if time.monotonic() < _resting_until:
        raise NotNow(now + SHORTEST_WAIT, "The mail server was away a moment ago")
    with override(settings.LANGUAGE_CODE):  # a mail has no visitor whose language it could be
        letter = writers[task.payload["what"]](task.payload)
        mail = compose(letter, task.key, task.payload["to"]) if letter else None
    if mail is None:
        return  # its cause is gone
    task.hold(now + LEASE)
    _deliver(mail, now, since)


def compose(letter: Letter, key: str, to: str) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        " ".join(letter.subject.split()),
        render_to_string(f"mails/{letter.template}.txt", letter.words).strip() + "\n",
        to=[to],
        headers={"Message-ID": message_id(key), "Auto-Submitted": "auto-generated", **letter.headers},
    )
    mail.attach_alternative(render_to_string(f"mails/{letter.template}.html", letter.words), "text/html")
    return mail


def message_id(key: str) -> str:
    """The same for the same key, and no address in it."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def _deliver(mail: EmailMultiAlternatives, now: datetime, since: datetime) -> None:
    try:
        mail.send()
    except smtplib.SMTPException as error:
        if (code := refusal(error)) is not None:
            raise Hopeless(f"The mail server refused it: {code}") from None
        if not isinstance(error, ABOUT_THE_MAIL):
            _rest()
        raise NotNow(now + _wait(now - since), type(error).__name__) from None
    except OSError as error:
        _rest()
        raise NotNow(now + _wait(now - since), type(error).__name__) from None


def refusal(error: smtplib.SMTPException) -> int | None:
    """The reply code when it is about this mail and for good; None when another try may do."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _words in error.recipients.values()]
        return min(codes) if codes and min(codes) >= 500 else None
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code if error.smtp_code >= 500 else None
    return None


def _wait(waited: timedelta) -> timedelta:
    """Longer the longer it has been tried."""
    return min(max(waited / 2, SHORTEST_WAIT), LONGEST_WAIT)


def _rest() -> None:
    global _resting_until
    _resting_until = time.monotonic() + REST
