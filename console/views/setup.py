"""The first steps of a network: claim, name the Wi-Fi, plug in. Each can be skipped and resumed."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.refusal import Refusal
from accounts.verification import is_verified
from console import access
from console.access import MemberRequest
from console.forms.access_point import ClaimForm
from console.views.ssid import code_of, edit_form
from devices.claiming import Answer, Outcome, TooManyLines, claim
from devices.models import AccessPoint, Network

# After this long without a sign of life somebody may need help finding the plug.
SILENCE = timedelta(minutes=5)


@access.admin
def access_points(request: MemberRequest, pk: int) -> HttpResponse:
    return _claim(request, pk, "setup/access_points.html")


@access.admin
def add_access_points(request: MemberRequest, pk: int) -> HttpResponse:
    """The same as a first step, for a network that is past its first steps."""
    return _claim(request, pk, "networks/add_access_points.html")


def _claim(request: MemberRequest, pk: int, template: str) -> HttpResponse:
    network = access.network(request, pk)
    form = ClaimForm(access.posted(request), request.FILES or None)
    context = {"section": "networks", "network": network, "form": form, "step": "access-points"}
    context["verified"] = is_verified(request.user)
    if request.method == "POST" and form.is_valid():
        answers = _answers(request, network, form)
        if answers is not None:
            good = sum(answer.good for answer in answers)
            rest = ClaimForm(
                initial={"lines": "\n".join(_as_pasted(one) for one in answers if _can_be_mended(one))}
            )
            return render(request, template, context | {"answers": answers, "good": good, "form": rest})
    return render(request, template, context, status=422 if form.errors else 200)


def _can_be_mended(answer: Answer) -> bool:
    """Worth another look at the label: it stays in the form, and what is done does not."""
    return answer.outcome in {Outcome.MALFORMED, Outcome.TAKEN}


def _as_pasted(answer: Answer) -> str:
    return f"{answer.text}, {answer.name}" if answer.name else answer.text


def _answers(request: MemberRequest, network: Network, form: ClaimForm) -> list[Answer] | None:
    """What became of each line; None when none was looked at, and the form says why."""
    try:
        return claim(request.user, network, form.text())
    except Refusal as refusal:
        form.add_error(None, refusal.words)
    except TooManyLines:
        form.add_error(None, _("These are too many lines at once. Send them in several parts."))
    return None


@never_cache
@access.admin
def wifi(request: MemberRequest, pk: int) -> HttpResponse:
    """The first SSID; once there is one, it is the one that is edited."""
    network = access.network(request, pk)
    first = network.ssids.first()
    then = reverse("setup_go_live", args=(request.organisation.slug, network.pk))
    old = first.intent() if first else None
    return edit_form(request, network, old, "setup/wifi.html", then=then, step="wifi")


@never_cache
@access.member
def go_live(request: MemberRequest, pk: int) -> HttpResponse:
    """Plug in and watch: every access point from its first check-in to being on the air."""
    network = access.network(request, pk)
    now = clock.now()
    rows = list(network.access_points.select_related("configuration")[:200])
    for row in rows:
        row.stage = _stage(row)  # type: ignore[attr-defined]
    context = {
        "section": "networks",
        "network": network,
        "step": "go-live",
        "rows": rows,
        "finished": bool(rows) and all(row.stage == "on-air" for row in rows),  # type: ignore[attr-defined]
        "silent": any(row.first_seen is None and now - row.claimed_at > SILENCE for row in rows),
    }
    if request.headers.get("HX-Request"):
        return render(request, "setup/progress.html", context)
    ssid = network.ssids.filter(enabled=True).first()
    may_join = ssid is not None and request.membership.may_change
    context |= {"ssid": ssid if may_join else None, "code": code_of(ssid) if ssid and may_join else ""}
    return render(request, "setup/go_live.html", context)


def _stage(access_point: AccessPoint) -> str:
    """waiting → online → applying → on-air, or rejected."""
    state = access_point.configuration.state(clock.now())
    if state == "rejected":
        return "rejected"
    if state == "up-to-date" and access_point.online:
        return "on-air"
    if not access_point.online:
        return "waiting"
    return "applying" if state == "applying" else "online"
