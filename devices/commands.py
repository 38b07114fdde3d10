"""Commands on their way: to the live store after the commit, and to a verdict when nobody answers."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import F, Q
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from devices.live_store import live_store
from devices.models import Command
from devices.models.command import LIMITS, CommandKind, CommandState
from outpost.store.contract import PendingCommand

BATCH = 500
BLINK_SECONDS = 30
# What an outpost has to do, and its fact to arrive, before we call the answer missing ourselves.
_GRACE = timedelta(seconds=60)
_METHODS: dict[str, tuple[str, dict[str, object]]] = {
    CommandKind.REBOOT: ("reboot", {}),
    CommandKind.BLINK: ("leds", {"pattern": "blink", "duration": BLINK_SECONDS}),
}


def deliver(ids: Iterable[int]) -> int:
    """Put commands that still wait into the live store, and nudge. Returns how many.

    The live store remembers ids, so that delivering again after a crash does not ask
    the access point twice. Raises ``StoreUnavailable``.
    """
    waiting = Command.objects.filter(pk__in=list(ids), state=CommandState.QUEUED, expires_at__gt=clock.now())
    pending = [_pending(command) for command in waiting.select_related("access_point").order_by("pk")]
    store = live_store()
    store.put_commands(pending)
    store.nudge([command.serial for command in pending])
    return len(pending)


def deliver_all() -> Iterator[int]:
    """Everything that still waits, for a live store that was lost. Yields after every batch how many."""
    waiting = Command.objects.filter(state=CommandState.QUEUED).order_by("pk").values_list("pk", flat=True)
    rest = iter(list(waiting))
    while batch := list(islice(rest, BATCH)):
        yield deliver(batch)


def give_up(now: datetime) -> int:
    """End what was never fetched, and what was sent and never answered. Returns how many.

    Two statements. The outposts report their own time-outs: this is for those that died.
    A late answer still overrules it.
    """
    unfetched = Command.objects.filter(state=CommandState.QUEUED, expires_at__lt=now - _GRACE)
    overdue = Q()
    for kind, limits in LIMITS.items():
        overdue |= Q(kind=kind, sent_at__lt=now - limits.answer - _GRACE)
    unanswered = Command.objects.filter(overdue, state=CommandState.SENT)
    ended = unfetched.update(
        state=CommandState.EXPIRED, ended_at=F("expires_at"), text=_("The access point did not come for it.")
    )
    return ended + unanswered.update(
        state=CommandState.EXPIRED, ended_at=now, text=_("The access point did not answer.")
    )


def _pending(command: Command) -> PendingCommand:
    method, params = _METHODS[command.kind]
    return PendingCommand(
        serial=command.access_point.serial,
        id=command.pk,
        method=method,
        params=params,
        expires_at=command.expires_at.timestamp(),
        timeout=LIMITS[CommandKind(command.kind)].answer.total_seconds(),
    )
