"""The road every change of a network takes: examined, reviewed where it touches people, applied, undone."""

from collections.abc import Sequence
from typing import Protocol

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from console import access
from console.access import MemberRequest
from console.progress import shown_progress
from console.proposal import NO_FORM, PLACE, Draft, DraftLost, Proposal, examine, seal, unseal
from devices.models import Network, Revision
from devices.models.network import InvalidIntent, StaleRevision
from devices.rendering.intent import NetworkIntent
from devices.rendering.problem import Problem


class Again(Protocol):
    """Shows the form once more, with what was typed and why it did not go through."""

    def __call__(self, *, problems: Sequence[Problem] = (), stale: bool = False) -> HttpResponse: ...


def propose(
    request: MemberRequest,
    network: Network,
    intent: NetworkIntent,
    base: int | None,
    again: Again,
    form: str = NO_FORM,
    then: str = "",
) -> HttpResponse:
    """Save ``intent``, by way of the Review page where it would touch people.

    ``form`` is where a reviewed wish can be edited again, ``then`` where to go
    when it was saved without review.
    """
    try:
        proposal = examine(network, intent, base)
        if not proposal.changes:
            messages.info(request, _("Nothing was changed, so nothing was saved."))
            return redirect(then or network_address(network))
        if proposal.impact.needs_review:
            return _review(request, network, proposal, form)
        revision = network.revise(request.user, proposal.intent, proposal.base)
    except InvalidIntent as invalid:
        return again(problems=invalid.problems)
    except StaleRevision:
        return again(stale=True)
    return redirect(then or applied_address(network, revision))


def back_to(request: MemberRequest, network: Network) -> Again:
    """``Again`` for a change without a form: say what is wrong, and show the network."""

    def again(*, problems: Sequence[Problem] = (), stale: bool = False) -> HttpResponse:
        if stale:
            messages.warning(request, _("Somebody changed this network meanwhile. Look, and try again."))
        for problem in problems:
            messages.error(request, _(problem.message).format(**problem.params))
        return redirect(network_address(network))

    return again


def network_address(network: Network) -> str:
    return reverse("network", args=(network.organisation.slug, network.pk))


def applied_address(network: Network, revision: Revision | None) -> str:
    number = revision.number if revision else network.revision_number
    return f"{network_address(network)}?revision={number}"


def between(network: Network, base: int | None) -> list[Revision]:
    """What others saved since revision ``base``, newest first."""
    newer = network.revisions.filter(number__gt=base or network.revision_number)
    return list(newer.select_related("author").defer("intent")[:20])


def _review(request: MemberRequest, network: Network, proposal: Proposal, form: str) -> HttpResponse:
    draft = seal(request.user, network, proposal, form, clock.now())
    context = {"section": "networks", "network": network, "proposal": proposal, "draft": draft}
    context["edit_address"] = _form_address(network, form)
    response = render(request, "networks/review.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _form_address(network: Network, form: str) -> str:
    """Where the draft can be edited again; empty for a change that came from a button."""
    place = (network.organisation.slug, network.pk)
    if form == NO_FORM:
        return ""
    if form == PLACE:
        return reverse("network_settings", args=place)
    if network.ssids.filter(pk=int(form)).exists():
        return reverse("ssid", args=(*place, int(form)))
    return reverse("new_ssid", args=place)


@never_cache
@access.admin
def review(request: MemberRequest, pk: int) -> HttpResponse:
    """Apply what was reviewed. Asked for by its address alone, there is nothing to review."""
    network = access.network(request, pk)
    if request.method != "POST":
        return redirect(network_address(network))
    try:
        draft = unseal(request.user, network, request.POST.get("draft", ""), clock.now())
    except DraftLost:
        messages.error(request, _("This review is too old to apply. Make the change again."))
        return redirect(network_address(network))
    try:
        revision = network.revise(request.user, draft.intent, draft.base)
    except StaleRevision:
        return _overtaken(request, network, draft)
    return redirect(applied_address(network, revision))


def _overtaken(request: MemberRequest, network: Network, draft: Draft) -> HttpResponse:
    context = {
        "section": "networks",
        "network": network,
        "newer": between(network, draft.base),
        "draft": request.POST["draft"],
        "edit_address": _form_address(network, draft.form),
    }
    return render(request, "networks/overtaken.html", context, status=409)


@access.admin
@require_POST
def undo(request: MemberRequest, pk: int) -> HttpResponse:
    """One click, from the result of a change: the revision before the present one, under a new number."""
    network = access.network(request, pk)
    base = _number(request.POST.get("base"))
    try:
        revision = network.undo(request.user, base - 1, base)
    except Revision.DoesNotExist:
        raise Http404 from None
    except (StaleRevision, InvalidIntent):
        messages.warning(request, _("Somebody changed this network meanwhile. Go back from its history."))
        return redirect("history", request.organisation.slug, network.pk)
    return redirect(applied_address(network, revision))


@access.admin
@require_POST
def restore(request: MemberRequest, pk: int, number: int) -> HttpResponse:
    """Back to any earlier revision: a proposal like every other, reviewed where it touches people."""
    network = access.network(request, pk)
    revision = network.revisions.filter(number=number).first()
    if revision is None:
        raise Http404
    base = _number(request.POST.get("base"))
    return propose(request, network, revision.wanted(), base, back_to(request, network))


@access.member
def progress(request: MemberRequest, pk: int) -> HttpResponse:
    """The banner of a change, asked for again and again until nothing more happens by itself."""
    network = access.network(request, pk)
    if not request.headers.get("HX-Request"):
        return redirect(applied_address(network, None))
    shown = shown_progress(network, clock.now())
    context = {"network": network, "shown": shown}
    response = render(request, "networks/progress.html", context)
    if shown.progress.finished:
        response["HX-Trigger"] = "applied"
    return response


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
