"""Mails as tasks: one for each cause and recipient, promised together or not at all."""

import hashlib
from collections.abc import Iterable
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone as clock

from accounts.models import Organisation, Role, User
from devices.models import Task
from devices.models.task import LeaseLost

KIND = "mail"
WOKEN = 100  # the others are found by dispatch
BATCH = 500
LONGEST_KEY = 120


def promise_mails(mails: Iterable[tuple[str, str, str, dict[str, Any]]]) -> None:
    """Each is what, cause, address and what its letter needs to know; part of the caller's transaction.

    The same cause told twice while its mail waits is one mail.
    """
    now = clock.now()
    rows = [
        Task(
            key=key_of(what, cause, address),
            kind=KIND,
            payload=told | {"what": what, "to": address, "since": now.isoformat()},
            promises=1,
            run_after=now,
        )
        for what, cause, address, told in mails
    ]
    Task.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    woken = Task.objects.filter(key__in=[row.key for row in rows[:WOKEN]])
    for task in woken if Task.wake else ():
        transaction.on_commit(partial(Task.wake, task.pk, KIND), robust=True)  # type: ignore[arg-type]


def key_of(what: str, cause: str, address: str) -> str:
    """``mail:<what>:<cause>:<address>``; an address that is long, or not plain ASCII, by its digest."""
    key = f"mail:{what}:{cause}:{address.lower()}"
    if len(key) <= LONGEST_KEY and key.isascii():
        return key
    digest = hashlib.sha256(address.lower().encode()).hexdigest()[:32]
    return f"mail:{what}:{cause}:{digest}"


def finish_with(task: Task, mails: Iterable[tuple[str, str, str, dict[str, Any]]]) -> None:
    """Promise the mails and end the task that asked for them, both or neither. Raises ``LeaseLost``."""
    with transaction.atomic():
        promise_mails(mails)
        if not task.done():
            raise LeaseLost(f"Task {task.key} was taken over or promised again")


def in_charge(organisation: Organisation) -> list[str]:
    """Addresses of owners and administrators that were shown to be theirs."""
    people = User.objects.filter(
        memberships__organisation=organisation, memberships__role__in=(Role.OWNER, Role.ADMIN)
    )
    return sorted(verified(people))


def verified(people: QuerySet[User]) -> set[str]:
    """Their sign-in addresses, where they have followed a link we sent there."""
    shown = EmailAddress.objects.filter(user__in=people, verified=True, email__iexact=F("user__email"))
    return {address.lower() for address in shown.values_list("email", flat=True)}
