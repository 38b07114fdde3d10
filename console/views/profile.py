"""A person's own account: their name, and how safely they sign in."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.naming import BadName
from accounts.verification import is_verified
from console import access
from console.access import SignedInRequest
from console.forms.profile import ProfileForm, WeeklyMailsForm


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
    return _page(request, form, WeeklyMailsForm(access.memberships_of(request)))


@access.signed_in
@require_POST
def weekly_mails(request: SignedInRequest) -> HttpResponse:
    """Of which organisations the visitor wants to read every week."""
    mails = WeeklyMailsForm(access.memberships_of(request), request.POST)
    if mails.is_valid():
        mails.save()
        messages.success(request, _("Saved."))
        return redirect("profile")
    return _page(request, ProfileForm(initial={"name": request.user.name}), mails)


def _page(request: SignedInRequest, form: ProfileForm, mails: WeeklyMailsForm) -> HttpResponse:
    factors = Authenticator.objects.filter(user=request.user)
    shown = {
        "form": form,
        "mails": mails,
        "verified": is_verified(request.user),
        "totp": factors.filter(type=Authenticator.Type.TOTP).exists(),
        "passkeys": factors.filter(type=Authenticator.Type.WEBAUTHN).count(),
        "sessions": UserSession.objects.filter(user=request.user).count(),
    }
    return render(request, "profile/profile.html", shown, status=422 if form.errors or mails.errors else 200)
