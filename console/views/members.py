"""The people of an organisation: who they are, what they may do, who is invited."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Role
from accounts.refusal import Refusal
from console import access
from console.access import MemberRequest
from console.forms.members import InviteForm, RoleForm
from jobs.mailing import invitations

SECTION = "members"


@access.member
@require_GET
def members(request: MemberRequest) -> HttpResponse:
    may = Role(request.membership.role).grantable()
    shown = {
        "section": SECTION,
        "memberships": access.memberships(request).order_by("user__name", "user__email"),
        "invitations": access.invitations(request),
        "grantable": may,
        "may_change": bool(may),
        "now": clock.now(),
    }
    return render(request, "members/list.html", shown)


@access.admin
@require_http_methods(["GET", "POST"])
def invite(request: MemberRequest) -> HttpResponse:
    form = InviteForm(request.membership, access.posted(request))
    if form.is_valid():
        try:
            with transaction.atomic():
                invitation = request.organisation.invite(request.user, **form.cleaned_data)
                invitations.send_invitation_soon(invitation)
        except Refusal as refusal:
            form.add_error(None, refusal.words)
        else:
            words = _("%(email)s is invited. The mail is on its way.") % {"email": invitation.email}
            messages.success(request, words)
            return redirect("members", request.organisation.slug)
    shown = {"section": SECTION, "form": form}
    return render(request, "members/invite.html", shown, status=422 if form.errors else 200)


@access.admin
@require_POST
def resend_invitation(request: MemberRequest, pk: int) -> HttpResponse:
    invitation = access.invitation(request, pk)
    try:
        with transaction.atomic():
            invitation.resend(request.user)
            invitations.send_invitation_soon(invitation)
    except Refusal as refusal:
        messages.error(request, refusal.words)
    else:
        messages.success(request, _("A new mail is on its way to %(email)s.") % {"email": invitation.email})
    return redirect("members", request.organisation.slug)


@access.admin
@require_POST
def revoke_invitation(request: MemberRequest, pk: int) -> HttpResponse:
    invitation = access.invitation(request, pk)
    try:
        invitation.revoke(request.user)
    except Refusal as refusal:
        messages.error(request, refusal.words)
    else:
        words = _("The invitation of %(email)s is taken back; its link no longer works.")
        messages.success(request, words % {"email": invitation.email})
    return redirect("members", request.organisation.slug)


@access.admin
@require_http_methods(["GET", "POST"])
def member(request: MemberRequest, pk: int) -> HttpResponse:
    """One person's role, and the way to remove them."""
    person = access.membership(request, pk)
    form = RoleForm(request.membership, access.posted(request), initial={"role": person.role})
    if form.is_valid():
        try:
            person.change_role(request.user, form.cleaned_data["role"])
        except Refusal as refusal:
            form.add_error(None, refusal.words)
        else:
            words = {"name": person.user, "role": person.get_role_display()}
            messages.success(request, _("The role of %(name)s is now: %(role)s.") % words)
            return redirect("members", request.organisation.slug)
    shown = {"section": SECTION, "form": form, "person": person}
    return render(request, "members/member.html", shown, status=422 if form.errors else 200)


@access.admin
@require_http_methods(["GET", "POST"])
def remove_member(request: MemberRequest, pk: int) -> HttpResponse:
    person = access.membership(request, pk)
    if request.method == "POST":
        try:
            person.remove(request.user)
        except Refusal as refusal:
            messages.error(request, refusal.words)
        else:
            messages.success(request, _("%(name)s is no longer a member.") % {"name": person.user})
        if person.user_id == request.user.pk:
            return redirect("home")
        return redirect("members", request.organisation.slug)
    return render(request, "members/remove.html", {"section": SECTION, "person": person})


@access.member
@require_http_methods(["GET", "POST"])
def leave(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        try:
            request.membership.leave()
        except Refusal as refusal:
            messages.error(request, refusal.words)
            return redirect("members", request.organisation.slug)
        messages.success(request, _("You have left %(name)s.") % {"name": request.organisation})
        return redirect("home")
    return render(request, "members/leave.html", {"section": SECTION})
