"""What people do to a rollout: pause, resume, cancel, try again, go back. Each is safe to click twice."""

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from devices import clock
from devices.models import AccessPoint, FirmwareImage, Rollout, RolloutTarget
from devices.models.rollout import MOVING, OPEN, RolloutState, TargetState
from devices.rollouts.decide import Budget
from devices.rollouts.judge import Outcome
from devices.rollouts.versions import runs
from devices.upgrading.planning import GIVES_UP_AFTER, promise_look, start_chosen
from devices.upgrading.snapshot import failures
from devices.upgrading.terms import RolloutRefused, Terms


def pause(user: User, rollout: Rollout) -> None:
    """Begin no more upgrades; those under way go on. Raises ``RolloutRefused`` when it has ended."""
    with transaction.atomic():
        row = _locked(rollout, (*MOVING, RolloutState.PAUSED))
        if row.state != RolloutState.PAUSED:
            _become(user, row, RolloutState.PAUSED, "rollout.pause")
    rollout.refresh_from_db()


def resume(user: User, rollout: Rollout) -> None:
    """Go on. After a halt, the failures known by now are forgiven: only new ones count.

    Raises ``RolloutRefused`` when it has ended.
    """
    with transaction.atomic():
        row = _locked(rollout, (*MOVING, RolloutState.PAUSED, RolloutState.HALTED))
        if row.state == RolloutState.HALTED:
            row.forgiven = failures(row)
        if row.state not in MOVING:
            state = RolloutState.RUNNING if row.wave else RolloutState.SCHEDULED
            _become(user, row, state, "rollout.resume")
    rollout.refresh_from_db()


def cancel(user: User, rollout: Rollout) -> None:
    """Leave out whoever waits; upgrades under way go on. Raises ``RolloutRefused`` when it has ended."""
    now = clock.now()
    with transaction.atomic():
        row = _locked(rollout, (*OPEN, RolloutState.CANCELLED))
        if row.state != RolloutState.CANCELLED:
            leave_out(row, now)
            row.ended_at = now
            _become(user, row, RolloutState.CANCELLED, "rollout.cancel")
    rollout.refresh_from_db()


def retry_failed(user: User, rollout: Rollout) -> int:
    """Have those that failed tried again in their next window. Returns how many.

    Raises ``RolloutRefused`` when it was cancelled.
    """
    now = clock.now()
    with transaction.atomic():
        row = _locked(rollout, (*OPEN, RolloutState.FINISHED))
        failed = row.targets.filter(state=TargetState.FAILED, access_point__isnull=False)
        count = failed.update(
            state=TargetState.WAITING, attempts=0, not_before=None, ended_at=None, outcome="", words=""
        )
        if count:
            row.forgiven, row.ended_at = 0, None
            row.gives_up_at = max(row.gives_up_at, now + GIVES_UP_AFTER)
            state = row.state if row.state in (*MOVING, RolloutState.PAUSED) else RolloutState.RUNNING
            _become(user, row, state, "rollout.retry", count=count)
    rollout.refresh_from_db()
    return count


def roll_back(user: User, rollout: Rollout) -> list[Rollout]:
    """Bring back what ran before on those that were upgraded: a new rollout for each earlier image.

    What still waits of the old one is left out. Raises ``RolloutRefused`` the second time,
    and when no earlier image is offered.
    """
    now = clock.now()
    with transaction.atomic():
        row = Rollout.objects.select_for_update().get(pk=rollout.pk)
        if row.rollbacks.exists():
            raise RolloutRefused(_("It was already rolled back."))
        groups = earlier_images(row)
        if not groups:
            raise RolloutRefused(_("None of the versions that ran before is offered as an image."))
        if row.open:
            cancel(user, row)
        made = [_back(user, row, image, chosen, now) for image, chosen in groups.items()]
        AuditEntry.record(row.organisation, user, "rollout.roll_back", row, rollout=row.pk, count=len(made))
    rollout.refresh_from_db()
    return made


def earlier_images(rollout: Rollout) -> dict[FirmwareImage, list[AccessPoint]]:
    """Who was upgraded and what they ran before, as far as it is offered. Three statements."""
    offered = list(FirmwareImage.objects.of(rollout.organisation).offered().order_by("-pk"))
    groups: dict[FirmwareImage, list[AccessPoint]] = defaultdict(list)
    upgraded = rollout.targets.filter(
        state=TargetState.SUCCEEDED, access_point__isnull=False, outcome=Outcome.UPGRADED
    )
    for target in upgraded.select_related("access_point__network").order_by("pk"):
        image = _earlier(target, offered)
        if image is not None and target.access_point is not None:
            groups[image].append(target.access_point)
    return dict(groups)


def _earlier(target: RolloutTarget, offered: list[FirmwareImage]) -> FirmwareImage | None:
    access_point = target.access_point
    if access_point is None:
        return None
    fitting = (
        image
        for image in offered
        if access_point.compatible in image.compatibles and runs(target.original, image.version)
    )
    return next(fitting, None)


def _back(
    user: User, rollout: Rollout, image: FirmwareImage, chosen: list[AccessPoint], now: datetime
) -> Rollout:
    """Without waves: what is broken should be mended at once, though never outside a window."""
    terms = Terms(
        image=image,
        starts_at=now,
        shares=(),
        soak_minutes=(0,),
        budget=Budget(100, "percent"),
        attempts=rollout.attempts,
        answer_minutes=rollout.answer_minutes,
        at_once=rollout.at_once,
        downgrades=True,
    )
    scope = _("Rollback of %(rollout)s") % {"rollout": rollout}
    return start_chosen(user, rollout.organisation, terms, chosen, scope=scope, rollback_of=rollout)


def leave_out(rollout: Rollout, now: datetime) -> int:
    """End those that wait. Returns how many."""
    waiting = rollout.targets.filter(state=TargetState.WAITING)
    return waiting.update(state=TargetState.CANCELLED, ended_at=now, outcome=Outcome.LEFT_OUT)


def _locked(rollout: Rollout, states: tuple[str, ...]) -> Rollout:
    row = Rollout.objects.select_for_update().get(pk=rollout.pk)
    if row.state not in states:
        raise RolloutRefused(_("This rollout is over."))
    return row


def _become(user: User, row: Rollout, state: RolloutState | str, verb: str, **detail: object) -> None:
    row.state, row.reason, row.look_at = state, "", clock.now()
    row.save()
    AuditEntry.record(row.organisation, user, verb, row, rollout=row.pk, **detail)
    promise_look(row.pk)
