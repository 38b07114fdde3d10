"""A person's own account: their name, and how safely they sign in."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.naming import BadName
from accounts.verification import is_verified
from console import access
from console.access import SignedInRequest
from console.forms.profile import ProfileForm


@access.signed_in
@require_http_methods(["GET", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    form = ProfileForm(access.posted(request), initial={"name": request.user.name})
    if form.is_valid():
        try:
            request.user.rename(form.cleaned_data["name"])
        except BadName as refusal:
            form.add_error("name", refusal.words)
        else:
            messages.success(request, _("Saved."))
            return redirect("profile")
    factors = Authenticator.objects.filter(user=request.user)
    shown = {
        "form": form,
        "verified": is_verified(request.user),
        "totp": factors.filter(type=Authenticator.Type.TOTP).exists(),
        "passkeys": factors.filter(type=Authenticator.Type.WEBAUTHN).count(),
        "sessions": UserSession.objects.filter(user=request.user).count(),
    }
    return render(request, "profile/profile.html", shown, status=422 if form.errors else 200)
