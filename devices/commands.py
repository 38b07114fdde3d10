"""Commands on their way: to the live store after the commit, and to a verdict when nobody answers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from devices import recordings
from devices.live_store import live_store
from devices.models import Command
from devices.models.command import LIMITS, CommandKind, CommandState
from outpost.store.contract import PendingCommand

BATCH = 500
BLINK_SECONDS = 30
# What an outpost has to do, and its fact to arrive, before we call the answer missing ourselves.
_GRACE = timedelta(seconds=60)
# IEEE 802.11 reason 5: the access point cannot handle all its stations. They look for another, or return.
_KICK = {"action": "kick", "reason": 5, "ban_time": 30}

Order = tuple[str, dict[str, Any]]  # uCentral's method, and its parameters but for serial and when


def _trace(command: Command) -> Order:
    return "trace", {**command.params, "uri": recordings.upload_address(command)}


def _kick(command: Command) -> Order:
    return "rrm", {"actions": [{**_KICK, "addr": command.params["mac"]}]}


# Built when it is delivered, for an address in it may expire.
ORDERS: Mapping[str, Callable[[Command], Order]] = {
    CommandKind.REBOOT: lambda command: ("reboot", {}),
    CommandKind.BLINK: lambda command: ("leds", {"pattern": "blink", "duration": BLINK_SECONDS}),
    # It must find its way back to us: the address it was sent to by its maker's redirector stays.
    CommandKind.FACTORY: lambda command: ("factory", {"keep_redirector": 1}),
    # Without the beacons' raw elements, which would be most of the answer.
    CommandKind.WIFISCAN: lambda command: ("wifiscan", {"verbose": False}),
    CommandKind.TRACE: _trace,
    CommandKind.KICK: _kick,
}


def deliver(ids: Iterable[int]) -> int:
    """Put commands that still wait into the live store, and nudge. Returns how many.

    The live store remembers ids, so that delivering again after a crash does not ask the access
    point twice. Raises ``StoreUnavailable``.
    """
    waiting = _waiting().filter(pk__in=list(ids))
    pending = [_pending(command) for command in waiting.select_related("access_point").order_by("pk")]
    store = live_store()
    store.put_commands(pending)
    store.nudge([command.serial for command in pending])
    return len(pending)


def deliver_all() -> Iterator[int]:
    """Everything that still waits, for a live store that was lost. Yields after every batch how many."""
    rest = iter(list(_waiting().order_by("pk").values_list("pk", flat=True)))
    while batch := list(islice(rest, BATCH)):
        yield deliver(batch)


def withdraw(ids: Iterable[int]) -> int:
    """Take cancelled commands out of the live store. Returns how many were still there.

    Raises ``StoreUnavailable``.
    """
    cancelled = Command.objects.filter(pk__in=list(ids), state=CommandState.CANCELLED)
    known = cancelled.values_list("access_point__serial", "pk", "expires_at")
    return len(live_store().drop_commands([(serial, pk, at.timestamp()) for serial, pk, at in known]))


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
    ended += unanswered.update(
        state=CommandState.EXPIRED, ended_at=now, text=_("The access point did not answer.")
    )
    return ended


def _waiting() -> "QuerySet[Command]":
    """But for upgrades: ``devices.upgrading`` delivers those, once, whatever is lost."""
    return Command.objects.filter(state=CommandState.QUEUED, expires_at__gt=clock.now(), kind__in=ORDERS)


def _pending(command: Command) -> PendingCommand:
    method, params = ORDERS[command.kind](command)
    return PendingCommand(
        serial=command.access_point.serial,
        id=command.pk,
        method=method,
        params=params,
        expires_at=command.expires_at.timestamp(),
        timeout=LIMITS[CommandKind(command.kind)].answer.total_seconds(),
    )
