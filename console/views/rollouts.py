"""Firmware rollouts: the organisation's list, and a new one by way of its review."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from console import access
from console.access import MemberRequest
from console.forms.place import TypedConfirmation
from console.forms.rollout import RolloutForm, ScopeKind
from console.rollouts import RolloutList
from devices import clock
from devices.models.rollout import RolloutState
from devices.upgrading.planning import Preview, preview, start
from devices.upgrading.terms import RolloutRefused, Terms

SECTION = "rollouts"
MOST_PLACES = 50  # networks that a review names


@access.member
@require_GET
def rollouts(request: MemberRequest) -> HttpResponse:
    listing = RolloutList(access.rollouts(request), request.GET)
    shown = {
        "section": SECTION,
        "listing": listing,
        "page": listing.page,
        "rows": listing.shown(),
        "states": RolloutState.choices,
        "images": access.offered_images(request).exists(),
    }
    template = "rollouts/list_live.html" if request.headers.get("HX-Request") else "rollouts/list.html"
    return render(request, template, shown)


@access.admin
@require_http_methods(["GET", "POST"])
def new_rollout(request: MemberRequest) -> HttpResponse:
    """The form, then its review, then the rollout: what was typed travels along in hidden fields."""
    form = _form(request)
    step = request.POST.get("step", "")
    if request.method != "POST" or step == "edit" or not form.is_valid():
        return _form_page(request, form)
    terms = form.terms()
    try:
        found = preview(request.organisation, terms, clock.now())
        if not found.chosen and not found.older:
            raise RolloutRefused(_nobody(found))
        act = _start if step == "start" else _review
        return act(request, form, terms, found)
    except RolloutRefused as refusal:
        form.add_error(None, str(refusal))
        return _form_page(request, form)


def _start(request: MemberRequest, form: RolloutForm, terms: Terms, found: Preview) -> HttpResponse:
    """Raises ``RolloutRefused``."""
    typed = _typed(terms, found, request.POST)
    if typed and not typed.is_valid():
        return _review(request, form, terms, found, typed)
    rollout = start(request.user, request.organisation, terms, clock.now())
    messages.success(request, _("The rollout is on its way. This page follows it."))
    return redirect("rollout", request.organisation.slug, rollout.pk)


def _review(
    request: MemberRequest,
    form: RolloutForm,
    terms: Terms,
    found: Preview,
    typed: TypedConfirmation | None = None,
) -> HttpResponse:
    shown = {
        "section": SECTION,
        "asked": form,
        "terms": terms,
        "found": found,
        "places": found.places[:MOST_PLACES],
        "more_places": len(found.places[MOST_PLACES:]),
        "stones": sorted(found.stones.items()),
        "now": clock.now(),
        "waves": list(zip(range(1, len(found.waves) + 1), found.waves, found.soaks, strict=True)),
        "form": typed or _typed(terms, found, None),
    }
    return render(request, "rollouts/review.html", shown, status=422 if typed else 200)


def _typed(terms: Terms, found: Preview, data: QueryDict | None) -> TypedConfirmation | None:
    """Going down a version is meant when its author types which one."""
    if not (terms.downgrades and found.older):
        return None
    typed = TypedConfirmation(data, expected=terms.image.version)
    typed.fields["typed"].label = _("Type the version to confirm")
    return typed


def _nobody(found: Preview) -> str:
    """Why a rollout that would upgrade no one is none."""
    if found.elsewhere:
        return _("No access point would be upgraded: those that could be are in another rollout.")
    if found.already:
        return _("No access point would be upgraded: those that could be run this firmware already.")
    if found.no_way:
        return _("No access point would be upgraded: what they run is too old for this image.")
    return _("No access point would be upgraded: none of those chosen is of this image's hardware.")


def _form(request: MemberRequest) -> RolloutForm:
    return RolloutForm(
        access.posted(request),
        initial=_initial(request.GET),
        images=access.offered_images(request),
        networks=access.networks(request).order_by("name", "pk"),
        tags=access.tags(request),
        access_points=access.access_points(request),
        now=clock.now(),
    )


def _initial(query: QueryDict) -> dict[str, Any]:
    """What the page that led here was about; what makes no sense is ignored by the fields."""
    initial: dict[str, Any] = {}
    if _is_number(query.get("image", "")):
        initial["image"] = query["image"]
    if _is_number(query.get("network", "")):
        initial |= {"scope": ScopeKind.NETWORKS, "networks": [query["network"]]}
    if query.get("access_point"):
        initial |= {"scope": ScopeKind.ACCESS_POINT, "access_point": query["access_point"][:60]}
    return initial


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _form_page(request: MemberRequest, form: RolloutForm) -> HttpResponse:
    editing = request.POST.get("step") == "edit"
    shown = {"section": SECTION, "form": form, "images": form.fields["image"].queryset.exists()}  # type: ignore[attr-defined]
    return render(request, "rollouts/new.html", shown, status=422 if form.errors and not editing else 200)
