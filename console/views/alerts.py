"""Alerts: who is told of a network's, and what they were told."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.refusal import Refusal
from console import access
from console.access import MemberRequest
from console.alerts import AlertList
from console.forms.alerts import AlertForm
from devices.models.alert import AlertRule


@access.member
@require_GET
def alerts(request: MemberRequest) -> HttpResponse:
    listing = AlertList(access.alerts(request), access.networks(request), request.GET)
    shown = {"section": "alerts", "listing": listing, "page": listing.page, "rows": listing.shown()}
    return render(request, "alerts/list.html", shown)


@access.admin
@require_http_methods(["GET", "POST"])
def rule(request: MemberRequest, pk: int) -> HttpResponse:
    """Minutes and addresses of one network."""
    network = access.network(request, pk)
    present = AlertRule.of(network)
    initial = {"minutes": present.minutes, "addresses": "\n".join(present.addresses)}
    form = AlertForm(access.posted(request), initial=initial)
    if form.is_valid():
        try:
            present.change(request.user, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("addresses", refusal.words)
        else:
            messages.success(request, _("Saved."))
            return redirect("alert_rule", request.organisation.slug, network.pk)
    shown = {"section": "networks", "tab": "settings", "network": network, "form": form}
    return render(request, "alerts/rule.html", shown, status=422 if form.errors else 200)
