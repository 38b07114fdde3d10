"""Where a visitor lands, and the first form they fill in."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import Organisation
from console import access
from console.access import SignedInRequest
from console.forms.place import StartForm
from console.forms.problems import add_problems
from devices.models import Network
from devices.models.network import InvalidIntent


@access.signed_in
def home(request: SignedInRequest) -> HttpResponse:
    """To the only organisation, to a choice of several, or to founding the first."""
    found = list(access.organisations(request)[:2])
    if not found:
        return redirect("start")
    return redirect("dashboard", found[0].slug) if len(found) == 1 else redirect("organisations")


@access.signed_in
def start(request: SignedInRequest) -> HttpResponse:
    """An organisation and its first network, in one form."""
    form = StartForm(access.posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            network = _found(request, form)
        except InvalidIntent as invalid:
            add_problems(form, invalid.problems)
        else:
            messages.success(request, _("%(name)s is ready. Now its access points.") % {"name": network})
            return redirect("setup_access_points", network.organisation.slug, network.pk)
    status = 422 if form.errors else 200
    return render(request, "home/start.html", {"form": form, "step": "place"}, status=status)


def _found(request: SignedInRequest, form: StartForm) -> Network:
    with transaction.atomic():
        organisation = Organisation.found(request.user, form.cleaned_data["organisation"])
        return Network.open(request.user, organisation, form.new())
