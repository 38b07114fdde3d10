"""Attempts under way, judged by what their access points reported since."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from devices.models import AccessPoint, Rollout, RolloutTarget
from devices.models.command import CommandState
from devices.models.rollout import TargetState
from devices.rollouts.judge import Attempt, Heard, Outcome, judge
from devices.rollouts.versions import runs
from devices.upgrading.planning import wait_on

# Between two tries: long enough for what was wrong there to pass, short enough for the same night.
RETRY_AFTER = timedelta(minutes=15)
# What came back is watched by alerts again after this, whatever becomes of it.
MUTED_AFTER = timedelta(minutes=2)


def settle_attempts(rollout: Rollout, now: datetime) -> int:
    """End every attempt whose outcome is known. Returns how many.

    One statement when there is none, else a few for each kind of outcome. The caller holds the rollout's row.
    """
    ended: dict[Outcome, list[RolloutTarget]] = defaultdict(list)
    for target in _busy(rollout):
        if outcome := _judge(target, now):
            ended[outcome].append(target)
    # Access points are locked before targets, all at once: as claiming and releasing do.
    _unmute(target for targets in ended.values() for target in targets)
    for outcome, targets in ended.items():
        _end(rollout, outcome, targets, now)
    return sum(map(len, ended.values()))


def settle_strays(rollout: Rollout, now: datetime) -> int:
    """Those released meanwhile are left out, and those given up that run the image after all have succeeded.

    Returns how many. Two or three statements.
    """
    waiting = rollout.targets.filter(state=TargetState.WAITING, access_point__isnull=True)
    gone = waiting.update(state=TargetState.CANCELLED, ended_at=now, outcome=Outcome.RELEASED)
    tried = Q(state=TargetState.FAILED) | Q(state=TargetState.WAITING, claimed_at__isnull=False)
    given_up = rollout.targets.filter(tried, access_point__isnull=False)
    told = given_up.exclude(access_point__firmware=F("before")).values_list("pk", "access_point__firmware")
    late = [pk for pk, firmware in told if runs(firmware, rollout.image.version)]
    if late:
        rows = rollout.targets.filter(tried, pk__in=late)
        rows.update(state=TargetState.SUCCEEDED, outcome=Outcome.UPGRADED, words="", ended_at=now)
    return gone + len(late)


def _busy(rollout: Rollout) -> Iterator[RolloutTarget]:
    rows = rollout.targets.filter(state=TargetState.BUSY).order_by("pk")
    return rows.select_related("access_point", "command", "step").iterator()


def _judge(target: RolloutTarget, now: datetime) -> Outcome | None:
    access_point, command = target.access_point, target.command
    if access_point is None:  # its next owner's rollout waits for its slot: it may be at work still
        return Outcome.RELEASED if target.deadline is None or now >= target.deadline else None
    attempt = Attempt(
        version=target.step.version if target.step else "",
        session=target.session,
        told=target.told,
        deadline=target.deadline or now,
        sent=command is not None and command.sent_at is not None,
        refused=command is not None and command.state == CommandState.FAILED,
    )
    heard = Heard(
        firmware=access_point.firmware,
        session=access_point.session,
        boot_reason=access_point.boot_reason,
        online=access_point.online,
    )
    return judge(attempt, heard, now)


def _end(rollout: Rollout, outcome: Outcome, targets: list[RolloutTarget], now: datetime) -> None:
    """Free their slots, and say what comes next for them."""
    if outcome == Outcome.UPGRADED:
        _upgraded(rollout, targets, now)
    elif outcome == Outcome.UNSENT:
        _free(targets, state=TargetState.WAITING, attempts=F("attempts") - 1, outcome=outcome)
    elif outcome == Outcome.RELEASED:
        _free(targets, state=TargetState.CANCELLED, ended_at=now, outcome=outcome)
    else:
        _failed(rollout, outcome, targets, now)


def _upgraded(rollout: Rollout, targets: list[RolloutTarget], now: datetime) -> None:
    """At its end, or on a stepping stone from which it goes on."""
    done = [target for target in targets if target.step_id == rollout.image_id]
    on = [target for target in targets if target.step_id != rollout.image_id]
    if done:
        wait_on(rollout, now)
    _free(done, state=TargetState.SUCCEEDED, ended_at=now, outcome=Outcome.UPGRADED, words="")
    _free(on, state=TargetState.WAITING, attempts=0, not_before=None, outcome="")


def _failed(rollout: Rollout, outcome: Outcome, targets: list[RolloutTarget], now: datetime) -> None:
    """Tried again a little later, while there are attempts left."""
    last = [target for target in targets if target.attempts >= rollout.attempts]
    again = [target for target in targets if target.attempts < rollout.attempts]
    _free(last, state=TargetState.FAILED, ended_at=now, outcome=outcome)
    _free(again, state=TargetState.WAITING, not_before=now + RETRY_AFTER, outcome=outcome)
    said = [target for target in targets if target.command and target.command.text]
    for target in said:
        target.words = target.command.text if target.command else ""
    RolloutTarget.objects.bulk_update(said, ["words"], batch_size=500)


def _free(targets: Iterable[RolloutTarget], **columns: object) -> None:
    pks = [target.pk for target in targets]
    if pks:
        rows = RolloutTarget.objects.filter(pk__in=pks, state=TargetState.BUSY)
        rows.update(slot=None, **columns)


def _unmute(targets: Iterable[RolloutTarget]) -> None:
    """Soon, for its link may need a moment to be right again."""
    pks = [target.access_point_id for target in targets if target.access_point_id]
    if not pks:
        return
    until = timezone.now() + MUTED_AFTER
    AccessPoint.objects.filter(pk__in=pks, muted_until__gt=until).update(muted_until=until)
