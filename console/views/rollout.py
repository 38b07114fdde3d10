"""One firmware rollout: followed live, and steered."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from console import access
from console.access import MemberRequest
from console.badges import target_badge
from console.export import csv_response
from console.rollouts import ShownWave, TargetList, reason, shown_targets
from console.views.rollouts import SECTION
from devices import clock
from devices.models import Rollout
from devices.models.rollout import MOVING, RolloutState, TargetState
from devices.upgrading import steering
from devices.upgrading.progress import Progress, progress
from devices.upgrading.terms import RolloutRefused

CHUNK = 1000


@access.member
@require_GET
def rollout(request: MemberRequest, pk: int) -> HttpResponse:
    found, now = access.rollout(request, pk), clock.now()
    listing = TargetList(found, access.rollout_targets(request, found), request.GET)
    done = progress(found)
    shown = {
        "section": SECTION,
        "rollout": found,
        "counts": done.whole,
        "waves": [ShownWave(wave, counts, found, now) for wave, counts in done.waves],
        "wave_numbers": [wave.number for wave, _counts in done.waves],
        "listing": listing,
        "page": listing.page,
        "rows": listing.shown(now),
        "states": TargetState.choices,
        "reason": reason(found, now),
        "every": _every(found, done),
    }
    template = "rollouts/live.html" if request.headers.get("HX-Request") else "rollouts/page.html"
    return render(request, template, shown | _verbs(found, done))


def _every(rollout: Rollout, done: Progress) -> str:
    """How often the page asks again, as htmx writes it; empty once nothing more will happen."""
    if not rollout.open and not done.whole.busy:
        return ""
    return "3s" if done.whole.busy else "10s"


def _verbs(rollout: Rollout, done: Progress) -> dict[str, bool]:
    """What can be done to it now."""
    over = rollout.state == RolloutState.CANCELLED
    return {
        "may_pause": rollout.state in MOVING,
        "may_resume": rollout.state in (RolloutState.PAUSED, RolloutState.HALTED),
        "may_cancel": rollout.open,
        "may_retry": bool(done.whole.failed) and not over,
        "may_roll_back": bool(done.whole.succeeded),
    }


@access.member
@require_GET
def rollout_csv(request: MemberRequest, pk: int) -> StreamingHttpResponse:
    found = access.rollout(request, pk)
    listing = TargetList(found, access.rollout_targets(request, found), request.GET)
    header = [
        _("Access point"),
        _("Serial"),
        _("Network"),
        _("Wave"),
        _("State"),
        _("From"),
        _("To"),
        _("Attempts"),
        _("Why"),
        _("Its own words"),
    ]
    return csv_response(f"rollout-{found.pk}", header, _csv_rows(found, listing))


def _csv_rows(rollout: Rollout, listing: TargetList) -> Iterator[Sequence[Any]]:
    """In batches of ``CHUNK`` rows, each asked for once and explained with one statement."""
    now, rows = clock.now(), listing.rows()
    keys = list(rows.values_list("pk", flat=True))
    for first in range(0, len(keys), CHUNK):
        batch = list(rows.filter(pk__in=keys[first : first + CHUNK]))
        for one in shown_targets(rollout, batch, now):
            target = one.target
            yield (
                one.name, target.serial, str(target.network or ""), target.wave,
                str(target_badge(target.state).label), one.source, rollout.image.version,
                target.attempts, one.words, target.words,
            )  # fmt: skip


@access.admin
@require_POST
def pause(request: MemberRequest, pk: int) -> HttpResponse:
    words = _("The rollout is paused. Upgrades under way go on; no other begins.")
    return _steer(request, pk, lambda user, found: steering.pause(user, found) or words)


@access.admin
@require_POST
def resume(request: MemberRequest, pk: int) -> HttpResponse:
    words = _("The rollout goes on.")
    return _steer(request, pk, lambda user, found: steering.resume(user, found) or words)


@access.admin
@require_POST
def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    words = _("Whoever still waited is left out. Upgrades under way go on.")
    return _steer(request, pk, lambda user, found: steering.cancel(user, found) or words)


@access.admin
@require_POST
def retry(request: MemberRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, lambda user, found: _retried(steering.retry_failed(user, found)))


def _retried(count: int) -> str:
    if not count:
        return _("There is none to try again: nobody failed, or another rollout has them by now.")
    words = ngettext(
        "%(count)d access point is tried again in its next maintenance window.",
        "%(count)d access points are tried again, each in its next maintenance window.",
        count,
    )
    return words % {"count": count}


@access.admin
@require_http_methods(["GET", "POST"])
def roll_back(request: MemberRequest, pk: int) -> HttpResponse:
    """What going back would do; then done."""
    found = access.rollout(request, pk)
    groups = steering.earlier_images(found)
    if request.method != "POST":
        shown = {
            "section": SECTION,
            "rollout": found,
            "groups": [(image, len(chosen)) for image, chosen in groups.items()],
            "left": len(steering.upgraded(found)) - sum(map(len, groups.values())),
            "busy": found.targets.filter(state=TargetState.BUSY).count(),
        }
        return render(request, "rollouts/roll_back.html", shown)
    try:
        made = steering.roll_back(request.user, found)
    except RolloutRefused as refusal:
        messages.error(request, str(refusal))
        return _to(request, found)
    messages.success(request, _("The way back has begun, each access point in its next maintenance window."))
    return _to(request, made[0]) if len(made) == 1 else redirect("rollouts", request.organisation.slug)


def _steer(request: MemberRequest, pk: int, verb: Callable[[User, Rollout], str]) -> HttpResponse:
    found = access.rollout(request, pk)
    try:
        messages.success(request, verb(request.user, found))
    except RolloutRefused as refusal:
        messages.error(request, str(refusal))
    return _to(request, found)


def _to(request: MemberRequest, rollout: Rollout) -> HttpResponse:
    return redirect("rollout", request.organisation.slug, rollout.pk)
