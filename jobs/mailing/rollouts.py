"""What became of a rollout, for the organisation's people."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _

from devices.models import Rollout, Task
from devices.models.rollout import RolloutState, TargetState
from devices.upgrading.outcomes import OUTCOMES
from devices.upgrading.progress import progress
from jobs.mailing.promising import finish_with, in_charge
from jobs.mailing.sending import Letter

WHAT = "rollout-summary"
REASONS = 20  # in one mail
LONGEST = 200  # characters of an access point's own words


def write_to_all(task: Task) -> None:
    """Payload: {"rollout": id}; the state it is about is the third word of the key."""
    rollout = Rollout.objects.filter(pk=task.payload["rollout"]).select_related("organisation").first()
    people = in_charge(rollout.organisation) if rollout else []
    told = {"rollout": task.payload["rollout"], "state": task.key.split(":")[2]}
    finish_with(task, [(WHAT, f"{told['rollout']}-{task.pk}", address, told) for address in people])


def summary_letter(told: dict[str, Any]) -> Letter | None:
    rows = Rollout.objects.select_related("organisation", "image")
    rollout = rows.filter(pk=told["rollout"]).first()
    if rollout is None:
        return None
    words = {
        "rollout": rollout,
        "image": str(rollout.image),
        "organisation": rollout.organisation.name,
        "state": str(RolloutState(told["state"]).label),
        "counts": progress(rollout).whole,
        "failures": _failures(rollout),
        "minutes": _minutes(rollout),
        "link": settings.ROLLOUT_LINK.format(slug=rollout.organisation.slug, rollout=rollout.pk),
    }
    return Letter(_("Firmware %(image)s: %(state)s") % words, "rollout", words)


def _failures(rollout: Rollout) -> list[tuple[str, int]]:
    """Reasons, with the access points' own words where they gave any, commonest first."""
    failed = rollout.targets.filter(state=TargetState.FAILED)
    counted = failed.order_by().values_list("outcome", "words").annotate(number=Count("pk"))
    reasons: Counter[str] = Counter()
    for outcome, words, number in counted.order_by("-number")[:REASONS]:
        reasons[_reason(outcome, words)] += number
    return reasons.most_common()


def _reason(outcome: str, words: str) -> str:
    plain = str(OUTCOMES.get(outcome, _("No reason given")))
    return f"{plain}: {words[:LONGEST]}" if words else plain


def _minutes(rollout: Rollout) -> int | None:
    if not (rollout.started_at and rollout.ended_at):
        return None
    return int((rollout.ended_at - rollout.started_at).total_seconds() // 60)
