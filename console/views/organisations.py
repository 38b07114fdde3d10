"""The organisation itself: its settings, what was done in it, and the way from one to another."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.refusal import Refusal
from console import access, activity
from console.access import MemberRequest, SignedInRequest
from console.forms.organisations import OrganisationForm

PAGE = 50


@access.signed_in
@require_GET
def organisations(request: SignedInRequest) -> HttpResponse:
    """The switcher as a page: for many organisations, and for a browser without JavaScript."""
    rows = access.memberships_of(request)
    return render(request, "organisations/list.html", {"memberships": rows})


@access.admin
@require_http_methods(["GET", "POST"])
def organisation_settings(request: MemberRequest) -> HttpResponse:
    form = OrganisationForm(access.posted(request), initial={"name": request.organisation.name})
    if form.is_valid():
        try:
            request.organisation.rename(request.user, form.cleaned_data["name"])
        except Refusal as refusal:
            form.add_error("name", refusal.words)
        else:
            messages.success(request, _("Saved."))
            return redirect("organisation_settings", request.organisation.slug)
    shown = {"section": "settings", "form": form}
    return render(request, "organisations/settings.html", shown, status=422 if form.errors else 200)


@access.member
@require_GET
def audit(request: MemberRequest) -> HttpResponse:
    """What was done, by whom, newest first."""
    chosen = activity.Filter.from_query(request.GET)
    pages = Paginator(chosen.of(access.audit_entries(request)), PAGE)
    page = pages.get_page(request.GET.get("page"))
    people = access.memberships(request).order_by("user__name", "user__email")
    shown = {
        "section": "audit",
        "page": page,
        "lines": [activity.Line.of(entry) for entry in page],
        "chosen": chosen,
        "people": [(one.user_id, one.user) for one in people],
        "subjects": activity.SUBJECTS.items(),
    }
    return render(request, "organisations/audit.html", shown)
