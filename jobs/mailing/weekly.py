"""The mail of every week: a task for each organisation counts once, and promises a mail to each who wants it.

The occasion's task walks the organisations in batches; a batch, the word of where the next one begins
and the end of the task are one transaction. Killed anywhere, nobody is left out or told twice.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone as clock
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from accounts.models import Membership, Organisation
from accounts.unsubscribing import token_for
from devices.models import AccessPoint, Task
from devices.models.task import LeaseLost
from devices.replica import reads
from devices.reporting.week import Week, week_before
from jobs.mailing import week_words
from jobs.mailing.promising import finish_with
from jobs.mailing.sending import Letter

WHAT = "weekly"
ONE_KIND, ALL_KIND = "weekly-mail", "weekly-mails"
ORGANISATIONS = 100  # promised in one transaction
HOLD_EVERY = 3.0  # seconds


def ask_all(task: Task) -> None:
    """Weekly. Payload: {"at": ISO 8601, "after": the organisation the last batch ended with}."""
    at, after = datetime.fromisoformat(task.payload["at"]), task.payload.get("after", 0)
    start = week_before(at).date()
    found = list(_concerned().filter(pk__gt=after).values_list("pk", flat=True)[:ORGANISATIONS])
    with transaction.atomic():
        for pk in found:
            told = {"organisation": pk, "at": task.payload["at"]}
            Task.promise(ONE_KIND, f"{ONE_KIND}:{start}:{pk}", told)
        if len(found) == ORGANISATIONS:
            told = {"at": task.payload["at"], "after": found[-1]}
            Task.promise(ALL_KIND, f"{ALL_KIND}:{start}:{found[-1]}", told)
        if not task.done():
            raise LeaseLost(f"Task {task.key} was taken over or promised again")


def _concerned() -> Any:
    """Organisations with access points, of which somebody wants to hear."""
    hung = AccessPoint.objects.filter(network__organisation=OuterRef("pk"))
    wanted = Membership.objects.filter(organisation=OuterRef("pk"), weekly_report=True)
    return Organisation.objects.filter(Exists(hung), Exists(wanted)).order_by("pk")


def write_to_all(task: Task) -> None:
    """Payload: {"organisation": id, "at": ISO 8601}. What is counted goes with every mail."""
    organisation = Organisation.objects.filter(pk=task.payload["organisation"]).first()
    if organisation is None or not (people := _people(organisation)):
        return
    start = week_before(datetime.fromisoformat(task.payload["at"]))
    count = reads(after_writes=True)(
        lambda: Week(organisation, start, clock.now()).gather(_Holding(task).tick).told()
    )
    finish_with(task, list(_mails(organisation, people, f"{start:%F}-{organisation.pk}", count())))


def _people(organisation: Organisation) -> dict[int, str]:
    """Sign-in addresses of members who want it, where they have followed a link we sent there."""
    shown = EmailAddress.objects.filter(
        user__memberships__organisation=organisation,
        user__memberships__weekly_report=True,
        user__is_active=True,
        verified=True,
        email__iexact=F("user__email"),
    )
    return dict(shown.order_by("user").values_list("user", "email"))


def _mails(
    organisation: Organisation, people: dict[int, str], cause: str, week: dict[str, Any]
) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for user, address in people.items():
        yield WHAT, cause, address, {"organisation": organisation.pk, "user": user, "week": week}


class _Holding:
    """Keeps the task while it counts, no more often than there is need."""

    def __init__(self, task: Task) -> None:
        self._task, self._held = task, time.monotonic()

    def tick(self) -> None:
        """Raises ``LeaseLost``."""
        if time.monotonic() - self._held >= HOLD_EVERY:
            self._task.hold(clock.now())
            self._held = time.monotonic()


def letter(told: dict[str, Any]) -> Letter | None:
    """None for who has left, or has had enough, since it was promised."""
    rows = Membership.objects.filter(organisation=told["organisation"], user=told["user"], weekly_report=True)
    membership = rows.filter(user__email__iexact=told["to"]).select_related("organisation").first()
    if membership is None:
        return None
    stop = settings.UNSUBSCRIBE_LINK.format(token=token_for(membership))
    words = _words(membership.organisation, told["week"]) | {"stop": stop}
    # RFC 8058: a mail program offers to unsubscribe, and asks the link itself, by POST.
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Letter(_("%(organisation)s: the week of your Wi-Fi") % words, "weekly", words, headers)


def _words(organisation: Organisation, week: dict[str, Any]) -> dict[str, Any]:
    slug = organisation.slug
    networks = [
        {
            "name": one["name"],
            "online": week_words.online(one),
            "link": settings.NETWORK_LINK.format(slug=slug, network=one["pk"]),
        }
        for one in week["networks"]
    ]
    return {
        "organisation": organisation.name,
        "start": parse_date(week["start"]),
        "until": parse_date(week["until"]),
        "sentences": week_words.sentences(week),
        "networks": networks,
        "more": week["more"],
        "link": settings.DASHBOARD_LINK.format(slug=slug),
    }
