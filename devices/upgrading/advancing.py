"""One look at a rollout: judge what is under way, then do what ``decide`` says until there is nothing to do.

Every step is a transaction that holds the rollout's row. Killed at any line, the next look goes on.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import AuditEntry
from devices import clock
from devices.models import Rollout, Task, Wave
from devices.models.rollout import MOVING, RolloutState, TargetState
from devices.rollouts.decide import Claim, Decision, Finish, Halt, OpenWave, Settle, Wait, decide
from devices.transactions import run_transaction
from devices.upgrading.claiming import claim
from devices.upgrading.judging import settle_attempts, settle_strays
from devices.upgrading.planning import wait_on
from devices.upgrading.snapshot import Seen, look
from devices.upgrading.steering import leave_out

# An access point may come online at any moment: while a window is open somebody looks this often.
LOOK_EVERY = timedelta(minutes=1)
MOST_STEPS = 50  # of one look; more would be a mistake, and the next look goes on
log = structlog.get_logger(__name__)


def due(now: datetime) -> list[int]:
    """Rollouts that may have something to do: moving ones, and others whose last upgrades are under way."""
    return list(Rollout.objects.filter(look_at__lte=now).order_by("look_at").values_list("pk", flat=True))


def advance(pk: int, now: datetime | None = None) -> Iterator[Decision]:
    """Yields every decision once it is done and committed. ``now`` is the rollouts' time."""
    for _step in range(MOST_STEPS):
        decision = run_transaction(lambda: _advance(pk, now or clock.now()))
        if decision is None:
            return
        log.info("rollout", rollout=pk, decision=type(decision).__name__, **_detail(decision))
        yield decision
        if isinstance(decision, Wait | Halt | Finish):
            return


def _advance(pk: int, now: datetime) -> Decision | None:
    rollout = Rollout.objects.select_for_update().filter(pk=pk).first()
    if rollout is None or rollout.look_at is None:
        return None
    settle_attempts(rollout, now)
    if not rollout.open:
        leave_out(rollout, now)  # the last ones under way had another try before them
    decision = _move(rollout, now) if rollout.state in MOVING else None
    if decision is None:
        rollout.look_at = _while_busy(rollout, now + LOOK_EVERY)
    rollout.save()
    return decision


def _move(rollout: Rollout, now: datetime) -> Decision:
    settle_strays(rollout, now)
    seen = look(rollout, now)
    rollout.forgiven = seen.snapshot.forgiven
    decision = decide(seen.snapshot, now) if rollout.image.offered else Halt(0, 0)
    if isinstance(decision, Claim) and not _claim(rollout, seen, decision.count, now):
        decision = Wait("busy", now + LOOK_EVERY)  # other rollouts are at work on all of them
    _act(rollout, seen, decision, now)
    return decision


def _act(rollout: Rollout, seen: Seen, decision: Decision, now: datetime) -> None:
    match decision:
        case OpenWave(number):
            rollout.state, rollout.wave = RolloutState.RUNNING, number
            rollout.started_at = rollout.started_at or now
            wait_on(rollout, now)
            Wave.objects.filter(rollout=rollout, number=number).update(opened_at=now)
        case Settle(number):
            Wave.objects.filter(rollout=rollout, number=number).update(settled_at=now)
        case Halt():
            _halt(rollout, decision, now)
        case Finish():
            _finish(rollout, now)
        case Wait():
            rollout.look_at = _next_look(seen, decision, now)


def _claim(rollout: Rollout, seen: Seen, count: int, now: datetime) -> int:
    """Its last wave is not settled any more, unless it proved. Returns how many."""
    dealt_with = claim(rollout, seen.open, count, now)
    if dealt_with and not seen.snapshot.stays_settled:
        Wave.objects.filter(rollout=rollout, number=rollout.wave).update(settled_at=None)
    return dealt_with


def _next_look(seen: Seen, wait: Wait, now: datetime) -> datetime:
    """When something may have changed: by time alone, by a window, or by somebody coming online."""
    if wait.why in ("busy", "not started"):
        return wait.until or now
    until = wait.until
    moments = [until, seen.next_start, now + LOOK_EVERY if seen.open else None]
    return min((moment for moment in moments if moment), default=now + LOOK_EVERY)


def _halt(rollout: Rollout, decision: Halt, now: datetime) -> None:
    rollout.state, rollout.reason = RolloutState.HALTED, _why_halted(rollout, decision)
    _tell(rollout, "rollout.halt", now)


def _why_halted(rollout: Rollout, decision: Halt) -> str:
    if not rollout.image.offered:
        return _("Its image was withdrawn.")
    words = ngettext(
        "%(failures)d of %(opened)d access point failed or fell silent.",
        "%(failures)d of %(opened)d access points failed or fell silent.",
        decision.opened,
    )
    return words % {"failures": decision.failures, "opened": decision.opened}


def _finish(rollout: Rollout, now: datetime) -> None:
    leave_out(rollout, now)
    rollout.state, rollout.ended_at = RolloutState.FINISHED, now
    _tell(rollout, "rollout.finish", now)


def _tell(rollout: Rollout, verb: str, now: datetime) -> None:
    """By the system, to the log and to the organisation's people."""
    rollout.look_at = _while_busy(rollout, now)
    AuditEntry.record(rollout.organisation, None, verb, rollout, rollout=rollout.pk, reason=rollout.reason)
    key = f"rollout-summary:{rollout.pk}:{rollout.state}:{now.timestamp():.0f}"
    Task.promise("rollout-summary", key, {"rollout": rollout.pk})


def _while_busy(rollout: Rollout, at: datetime) -> datetime | None:
    """An upgrade under way is watched to its end, whatever became of the rollout."""
    return at if rollout.targets.filter(state=TargetState.BUSY).exists() else None


def _detail(decision: Decision) -> dict[str, object]:
    return {name: str(value) for name, value in vars(decision).items()}
