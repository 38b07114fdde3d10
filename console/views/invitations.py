"""Where the link of an invitation mail leads."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Invitation
from accounts.refusal import Refusal
from console import access


@access.anyone
@never_cache
@require_http_methods(["GET", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Say what is offered by whom; accept it once signed in with the invited address."""
    try:
        if request.method == "POST" and request.user.is_authenticated:
            return _accept(request, token)
        invitation = Invitation.find(token)
        if request.user.is_authenticated:
            invitation.require_addressee(request.user)
    except Refusal as refusal:
        return render(request, "members/invitation_refused.html", {"words": refusal.words}, status=410)
    if request.method == "POST":
        return access.to_login(request)
    back = urlencode({"next": request.path})
    return render(request, "members/invitation.html", {"invitation": invitation, "next": back})


def _accept(request: access.SignedInRequest, token: str) -> HttpResponse:
    organisation = Invitation.accept(request.user, token).organisation
    messages.success(request, _("Welcome to %(name)s.") % {"name": organisation})
    return redirect("dashboard", organisation.slug)
