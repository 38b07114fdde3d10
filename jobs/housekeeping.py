"""What is kept for how long, on one page of data; and the daily job that lets go of the rest.

Kept for good: revisions, the audit log, firmware, reports.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Max, Q
from django.utils import timezone as clock

from accounts.models import Answer, Invitation
from accounts.models.answer import KEPT as ANSWERS_KEPT
from devices.models import Alert, Command, Event, RolloutTarget, Task, Usage
from devices.models.usage import COARSE, FINE
from devices.pruning import Rule, prune
from devices.usage.rolling import AGAIN
from jobs.models import Occasion

BUDGET = 480.0  # seconds a run lasts at most; what is left waits for the next
HOLD_EVERY = 3.0
# An occasion must be remembered for as long as it could come again: a month and some.
OCCASIONS_KEPT = timedelta(days=70)
_SESSION_LASTS = timedelta(seconds=settings.SESSION_COOKIE_AGE) + timedelta(days=1)
log = structlog.get_logger(__name__)


def _older(column: str, days: str) -> Callable[[datetime], Q]:
    """Rows whose ``column`` lies further back than the setting ``days`` says."""
    return lambda now: Q(**{f"{column}__lt": now - timedelta(days=getattr(settings, days))})


def _fine_usage(now: datetime) -> Q:
    """By whole hours, and none that the next roll-up makes anew: it would write down what is left of it."""
    rolled = Usage.objects.filter(seconds=COARSE).aggregate(at=Max("at"))["at"]
    until = now - timedelta(days=settings.USAGE_FINE_DAYS)
    if rolled is None:
        return Q(pk__in=[])
    return Q(seconds=FINE, at__lt=min(until, rolled - AGAIN).replace(minute=0, second=0, microsecond=0))


def _invitations(now: datetime) -> Q:
    until = now - timedelta(days=settings.INVITATIONS_DAYS)
    return Q(accepted_at__lt=until) | Q(accepted_at=None, expires_at__lt=until)


RULES = (
    Rule("events", Event, _older("at", "EVENTS_DAYS"), in_order=True),
    Rule("usage-fine", Usage, _fine_usage),
    Rule("usage-hourly", Usage, lambda now: Q(seconds=COARSE) & _older("at", "USAGE_HOURLY_DAYS")(now)),
    Rule("commands", Command, _older("ended_at", "COMMANDS_DAYS"), in_order=True),
    Rule("alerts", Alert, _older("closed_at", "ALERTS_DAYS"), in_order=True),
    Rule("rollout-targets", RolloutTarget, _older("rollout__ended_at", "ROLLOUTS_DAYS")),
    Rule("invitations", Invitation, _invitations),
    Rule("occasions", Occasion, lambda now: Q(at__lt=now - OCCASIONS_KEPT)),
    Rule("answers", Answer, lambda now: Q(at__lt=now - ANSWERS_KEPT)),
    Rule("sessions", Session, lambda now: Q(expire_date__lt=now)),
    # What allauth notes of a session; it may be seen as long as the session lives.
    Rule("session-notes", UserSession, lambda now: Q(last_seen_at__lt=now - _SESSION_LASTS)),
)


def prune_all(now: datetime, seconds: float = BUDGET) -> Iterator[tuple[str, int]]:
    """Yields after every statement which rule it served and how many rows it took; ends when time is up."""
    until = time.monotonic() + seconds
    for rule in RULES:
        for deleted in prune(rule, now):
            yield rule.name, deleted
            if time.monotonic() >= until:
                log.warning("not everything too old was deleted in time; the rest waits", rule=rule.name)
                return


def prune_daily(task: Task) -> None:
    """Daily. Deletes what is too old for as long as its budget lasts."""
    held, total = time.monotonic(), 0
    for _rule, deleted in prune_all(clock.now()):
        total += deleted
        if time.monotonic() - held >= HOLD_EVERY:
            task.hold(clock.now())
            held = time.monotonic()
    log.info("deleted what was too old", rows=total)
