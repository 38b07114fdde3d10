"""Claiming access points for an upgrade, by compare-and-set, each with its command, in bulk."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from devices import clock
from devices.models import AccessPoint, Command, FirmwareImage, Rollout, RolloutTarget, Task
from devices.models.command import LIMITS, CommandKind
from devices.models.rollout import TargetState
from devices.rollouts.judge import Outcome
from devices.rollouts.versions import runs
from devices.rollouts.windows import closes
from devices.upgrading.places import window_of
from devices.upgrading.planning import is_newer_there
from devices.upgrading.snapshot import REACHABLE
from devices.upgrading.stones import Stones

BATCH = 500  # commands in one statement, and in one task
# No alert about an access point that we are upgrading, but never longer than this.
MOST_MUTED = timedelta(hours=1)


def claim(rollout: Rollout, networks: Sequence[int], count: int, now: datetime) -> int:
    """Up to ``count`` of those that are due in these networks. Returns how many were dealt with.

    So many statements for a batch of ``BATCH``, however many access points are in it. The caller holds
    the rollout's row, so nobody else claims in this rollout; against others stands the unique ``slot``.
    """
    dealt_with = 0
    stones = Stones(rollout.organisation)
    for targets in _batches(_due(rollout, networks, count, now)):
        dealt_with += _claim(rollout, targets, stones, now)
    return dealt_with


def _due(rollout: Rollout, networks: Sequence[int], count: int, now: datetime) -> list[RolloutTarget]:
    """Free ones, the earliest wave's first."""
    free = Q(not_before__isnull=True) | Q(not_before__lte=now)
    rows = rollout.targets.filter(
        free,
        state=TargetState.WAITING,
        wave__lte=rollout.wave,
        access_point__network__in=networks,
        access_point__link__in=REACHABLE,
    )
    taken = RolloutTarget.objects.filter(slot__isnull=False).exclude(rollout=rollout).values("slot")
    rows = rows.exclude(serial__in=taken)
    return list(rows.select_related("access_point__network").order_by("wave", "pk")[:count])


@dataclass
class _Sorted:
    """What becomes of a batch: upgrades by the image of their next step, and those that need none."""

    steps: dict[FirmwareImage, list[RolloutTarget]] = field(default_factory=lambda: defaultdict(list))
    already: list[RolloutTarget] = field(default_factory=list)
    newer: list[RolloutTarget] = field(default_factory=list)
    no_way: list[RolloutTarget] = field(default_factory=list)


def _claim(rollout: Rollout, targets: Sequence[RolloutTarget], stones: Stones, now: datetime) -> int:
    found = _sort(rollout, targets, stones)
    _end(found.already, TargetState.SUCCEEDED, Outcome.ALREADY, now)
    _end(found.newer, TargetState.CANCELLED, Outcome.NEWER, now)
    _end(found.no_way, TargetState.CANCELLED, Outcome.NO_WAY, now)
    claimed = [target for step in found.steps.values() for target in step]
    _mute(rollout, claimed)  # first: a command's row would share the lock that this needs alone
    for image, those in found.steps.items():
        _take(rollout, image, those, now)
    _command(claimed, now)
    return len(targets)


def _sort(rollout: Rollout, targets: Sequence[RolloutTarget], stones: Stones) -> _Sorted:
    """By what they run now, which may be something else than when the rollout was planned."""
    found = _Sorted()
    for target in targets:
        access_point = _present(target)
        step = stones.step(access_point, rollout.image)
        if runs(access_point.firmware, rollout.image.version):
            found.already.append(target)
        elif not rollout.downgrades and is_newer_there(access_point.firmware, rollout.image):
            found.newer.append(target)
        elif step is None:
            found.no_way.append(target)
        else:
            found.steps[step].append(target)
    return found


def _take(rollout: Rollout, image: FirmwareImage, targets: Sequence[RolloutTarget], now: datetime) -> None:
    """Raises ``IntegrityError`` when another rollout took one in this moment: then none is taken."""
    told = AccessPoint.objects.filter(pk=OuterRef("access_point"))
    rows = RolloutTarget.objects.filter(pk__in=[one.pk for one in targets], state=TargetState.WAITING)
    rows.update(
        state=TargetState.BUSY,
        attempts=F("attempts") + 1,
        slot=F("serial"),
        step=image,
        session=Subquery(told.values("session")[:1]),
        before=Subquery(told.values("firmware")[:1]),
        told=Subquery(told.values("boot_reason")[:1]),
        claimed_at=now,
        deadline=now + timedelta(minutes=rollout.answer_minutes),
        outcome="",
    )


def _command(targets: Sequence[RolloutTarget], now: datetime) -> None:
    """One each, under a key that no second claim shares, and one task that delivers them all."""
    if not targets:
        return
    keys = {f"upgrade:{one.pk}:{one.attempts + 1}:{now.timestamp():.0f}": one for one in targets}
    rows = [
        Command(
            access_point=one.access_point,
            kind=CommandKind.UPGRADE,
            key=key,
            expires_at=_expiry(one, now),
        )
        for key, one in keys.items()
    ]
    Command.objects.bulk_create(rows)
    made = dict(Command.objects.filter(key__in=keys).values_list("key", "pk"))
    for key, one in keys.items():
        one.command_id = made[key]
    RolloutTarget.objects.bulk_update(targets, ["command"])
    pks = sorted(made.values())
    Task.promise("upgrade", f"upgrade:{pks[0]}", {"commands": pks})


def _expiry(target: RolloutTarget, now: datetime) -> datetime:
    """Soon, and before its window closes; in real time, for outposts know no other."""
    wait = LIMITS[CommandKind.UPGRADE].wait
    end = closes(window_of(_present(target).network), now)
    return timezone.now() + (min(wait, clock.real_span(end - now)) if end else wait)


def _mute(rollout: Rollout, targets: Sequence[RolloutTarget]) -> None:
    span = clock.real_span(timedelta(minutes=rollout.answer_minutes))
    until = timezone.now() + min(span, MOST_MUTED)
    AccessPoint.objects.filter(pk__in=[one.access_point_id for one in targets]).update(muted_until=until)


def _end(targets: Sequence[RolloutTarget], state: TargetState, outcome: Outcome, now: datetime) -> None:
    if targets:
        rows = RolloutTarget.objects.filter(pk__in=[one.pk for one in targets], state=TargetState.WAITING)
        rows.update(state=state, outcome=outcome, ended_at=now)


def _present(target: RolloutTarget) -> AccessPoint:
    if target.access_point is None:
        raise LookupError(f"{target} was released")
    return target.access_point


def _batches(targets: list[RolloutTarget]) -> list[list[RolloutTarget]]:
    return [targets[i : i + BATCH] for i in range(0, len(targets), BATCH)]
