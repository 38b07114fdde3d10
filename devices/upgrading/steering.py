"""What people do to a rollout: pause, resume, cancel, try again, go back. Each is safe to click twice."""

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, User
from devices import clock
from devices.models import AccessPoint, FirmwareImage, Rollout
from devices.models.rollout import MOVING, OPEN, RolloutState, TargetState
from devices.rollouts.decide import Budget
from devices.rollouts.judge import Outcome
from devices.rollouts.versions import runs
from devices.upgrading.judging import settle_strays
from devices.upgrading.planning import in_open_rollouts, promise_look, start_chosen, wait_on
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
            settle_strays(row, clock.now())
            row.forgiven = failures(row)
        if row.state not in MOVING:
            wait_on(row, clock.now())
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

    Those that another rollout has in hand by now stay with that one. After a halt, what else failed is
    forgiven as when it is resumed. Raises ``RolloutRefused`` when it was cancelled.
    """
    now = clock.now()
    with transaction.atomic():
        row = _locked(rollout, (*OPEN, RolloutState.FINISHED))
        settle_strays(row, now)
        failed = row.targets.filter(state=TargetState.FAILED, access_point__isnull=False)
        count = failed.exclude(serial__in=in_open_rollouts(row.organisation)).update(
            state=TargetState.WAITING, attempts=0, not_before=None, ended_at=None, outcome="", words=""
        )
        if count:
            state = row.state
            if state not in (*MOVING, RolloutState.PAUSED):
                state, row.forgiven = RolloutState.RUNNING, failures(row)
            row.ended_at = None
            wait_on(row, now)
            _become(user, row, state, "rollout.retry", count=count)
    rollout.refresh_from_db()
    return count


def roll_back(user: User, rollout: Rollout) -> list[Rollout]:
    """Bring back what ran before on those that were upgraded: a new rollout for each earlier image.

    What still waits of the old one is left out. Raises ``RolloutRefused`` when there is nobody to bring
    back any more, and when no earlier image is offered.
    """
    now = clock.now()
    with transaction.atomic():
        row = Rollout.objects.select_for_update().get(pk=rollout.pk)
        row.organisation.lock()  # no other rollout takes one of them in between
        groups = earlier_images(row)
        if not groups:
            raise RolloutRefused(_why_not_back(row))
        if row.open:
            cancel(user, row)
        made = [_back(user, row, image, chosen, now) for image, chosen in groups.items()]
        AuditEntry.record(row.organisation, user, "rollout.roll_back", row, rollout=row.pk, count=len(made))
    rollout.refresh_from_db()
    return made


def earlier_images(rollout: Rollout) -> dict[FirmwareImage, list[AccessPoint]]:
    """Who can go back, and what they ran before, as far as it is offered. Four statements."""
    offered = list(FirmwareImage.objects.of(rollout.organisation).offered().order_by("-pk"))
    groups: dict[FirmwareImage, list[AccessPoint]] = defaultdict(list)
    for access_point, original in upgraded(rollout):
        if image := _earlier(access_point, original, offered):
            groups[image].append(access_point)
    return dict(groups)


def upgraded(rollout: Rollout) -> list[tuple[AccessPoint, str]]:
    """Those it upgraded that run its image still, each with what it ran before. Two statements.

    Whoever went on to something else, or is in another rollout by now, is not to be fetched back.
    """
    elsewhere = in_open_rollouts(rollout.organisation)
    rows = rollout.targets.filter(
        state=TargetState.SUCCEEDED, access_point__isnull=False, outcome=Outcome.UPGRADED
    )
    return [
        (access_point, target.original)
        for target in rows.select_related("access_point__network").order_by("pk")
        if (access_point := target.access_point)
        and runs(access_point.firmware, rollout.image.version)
        and access_point.serial not in elsewhere
    ]


def _why_not_back(rollout: Rollout) -> str:
    if upgraded(rollout):
        return _("None of the versions that ran before is offered as an image.")
    if rollout.rollbacks.exists():
        return _("It was already rolled back.")
    return _("There is nobody to bring back who is not in another rollout.")


def _earlier(access_point: AccessPoint, original: str, offered: list[FirmwareImage]) -> FirmwareImage | None:
    fitting = (
        image
        for image in offered
        if access_point.compatible in image.compatibles and runs(original, image.version)
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
    """End those that wait: whoever was tried and has not succeeded has failed. Returns how many."""
    waiting = rollout.targets.filter(state=TargetState.WAITING)
    failed = waiting.filter(attempts__gt=0).update(state=TargetState.FAILED, ended_at=now)
    return failed + waiting.update(state=TargetState.CANCELLED, ended_at=now, outcome=Outcome.LEFT_OUT)


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
