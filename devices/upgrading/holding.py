"""Why an access point of a rollout is not being upgraded yet, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from devices.models import Rollout, RolloutTarget
from devices.models.rollout import RolloutState, TargetState
from devices.rollouts.windows import may_start, may_start_next
from devices.upgrading.places import window_of


@dataclass(frozen=True)
class Held:
    """``code`` is short and stable, ``until`` when it may be over, if that is known."""

    code: str
    words: str
    until: datetime | None = None


def why(rollout: Rollout, targets: Sequence[RolloutTarget], now: datetime) -> dict[int, Held]:
    """For those of a page that wait, by target id. One statement.

    The targets come with ``access_point__network`` selected.
    """
    waiting = [target for target in targets if target.state == TargetState.WAITING]
    serials = [target.serial for target in waiting]
    rows = RolloutTarget.objects.filter(slot__in=serials).exclude(rollout=rollout)
    taken = set(rows.values_list("slot", flat=True)) if serials else set()
    return {target.pk: _why(rollout, target, target.serial in taken, now) for target in waiting}


def under_way(target: RolloutTarget) -> str:
    """Of one that is busy: how long it has. It comes with ``access_point__network`` selected."""
    network = target.network
    if network is None or target.deadline is None:
        return _("It was released while it was being upgraded; nothing else begins on it for a while.")
    when = {"when": _local(target.deadline, network.timezone), "zone": network.timezone}
    return _("Told to install it; it has until %(when)s (%(zone)s) to be back.") % when


def _why(rollout: Rollout, target: RolloutTarget, taken: bool, now: datetime) -> Held:
    return (
        _rollout(rollout, target, now)
        or _attempt(target, taken, now)
        or _place(target, now)
        or Held("next", _("It is next: others are being upgraded before it."))
    )


def _rollout(rollout: Rollout, target: RolloutTarget, now: datetime) -> Held | None:
    if rollout.state == RolloutState.PAUSED:
        return Held("paused", _("The rollout is paused."))
    if rollout.state == RolloutState.HALTED:
        return Held("halted", _("The rollout halted itself."))
    if now < rollout.starts_at:
        return Held("start", _("The rollout has not begun."), rollout.starts_at)
    if target.wave > rollout.wave:
        return Held("wave", _("Wave %(number)d has not begun.") % {"number": target.wave})
    return None


def _attempt(target: RolloutTarget, taken: bool, now: datetime) -> Held | None:
    if target.not_before and now < target.not_before:
        return Held("retry", _("Its last attempt failed; it is tried again later."), target.not_before)
    if taken:
        return Held("elsewhere", _("Another rollout is upgrading it."))
    return None


def _place(target: RolloutTarget, now: datetime) -> Held | None:
    """Its window, then its link: at night an offline one is claimed when it comes back."""
    if target.access_point is None:
        return Held("released", _("It was released."))
    window = window_of(target.access_point.network)
    start = may_start_next(window, now)
    when = {"when": _local(start, window.zone), "zone": window.zone}
    if not target.access_point.online:
        if may_start(window, now):
            return Held("offline", _("It is offline. Its maintenance window is open."))
        return Held("offline", _("It is offline; its next window opens %(when)s (%(zone)s).") % when, start)
    if not may_start(window, now):
        return Held("window", _("Its maintenance window opens %(when)s (%(zone)s).") % when, start)
    return None


def _local(moment: datetime, zone: str) -> str:
    return date_format(timezone.localtime(moment, ZoneInfo(zone)), "D j M, H:i")
