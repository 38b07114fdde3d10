"""SSIDs: new, edited, switched on and off, removed, and the code that joins a phone to one."""

from collections.abc import Sequence
from typing import Any

import msgspec
import segno
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone as clock
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from console import access
from console.access import MemberRequest
from console.forms.place import TypedConfirmation
from console.forms.problems import add_problems, rebased
from console.forms.ssid import SsidForm, new_initial, ssid_initial, with_ssid, without_ssid
from console.proposal import DraftLost, unseal
from console.views.review import back_to, between, network_address, propose
from devices.models import Network, Ssid
from devices.rendering.intent import SsidIntent
from devices.rendering.join_code import join_code
from devices.rendering.problem import Problem


@never_cache
@access.admin
def create(request: MemberRequest, pk: int) -> HttpResponse:
    return edit_form(request, access.network(request, pk), None)


@never_cache
@access.admin
def edit(request: MemberRequest, pk: int, key: int) -> HttpResponse:
    network = access.network(request, pk)
    ssid = network.ssids.filter(pk=key).first()
    if ssid is None and request.method == "POST":
        messages.error(request, _("Somebody removed this SSID meanwhile. Nothing was saved."))
        return redirect(network_address(network))
    return edit_form(request, network, (ssid or get_object_or_404(network.ssids, pk=key)).intent())


def edit_form(
    request: MemberRequest,
    network: Network,
    old: SsidIntent | None,
    template: str = "ssids/edit.html",
    then: str = "",
    **extra: Any,
) -> HttpResponse:
    """The form of one SSID, shown and saved; the first steps show it in a template of their own."""

    def page(form: SsidForm, status: int = 200, **more: Any) -> HttpResponse:
        context = {"section": "networks", "tab": "overview", "network": network, "ssid": old, "form": form}
        return render(request, template, context | extra | more, status=status)

    if request.method != "POST" or "draft" in request.POST:
        return page(SsidForm(initial=_initial(request, network, old), old=old))
    form = SsidForm(request.POST, old=old)
    if not form.is_valid():
        return page(form, 422)

    def again(*, problems: Sequence[Problem] = (), stale: bool = False) -> HttpResponse:
        if stale:
            fresh = SsidForm(rebased(request.POST, network.revision_number), old=old)
            return page(fresh, 409, newer=between(network, form.cleaned_data["base"]))
        add_problems(form, problems)
        return page(form, 422)

    wanted = form.intent()
    intent = with_ssid(network.intent(), wanted)
    return propose(request, network, intent, form.cleaned_data["base"], again, form=wanted.key, then=then)


def _initial(request: MemberRequest, network: Network, old: SsidIntent | None) -> dict[str, Any]:
    """The present SSID, a new one's defaults, or what a reviewed draft holds, to be edited again."""
    base = {"base": network.revision_number}
    if "draft" in request.POST and (drafted := _drafted(request, network, old)):
        return ssid_initial(drafted, secrets=True) | base
    return base | (ssid_initial(old) if old else new_initial())


def _drafted(request: MemberRequest, network: Network, old: SsidIntent | None) -> SsidIntent | None:
    try:
        draft = unseal(request.user, network, request.POST["draft"], clock.now())
    except DraftLost:
        return None
    found = next((one for one in draft.intent.ssids if one.key == draft.form), None)
    if found is None or old is None or old.key != found.key:
        return found
    # A secret that was not typed anew is not shown; the form keeps the stored one.
    return msgspec.structs.replace(
        found, passphrase="" if found.passphrase == old.passphrase else found.passphrase
    )


@access.admin
@require_POST
def switch(request: MemberRequest, pk: int, key: int) -> HttpResponse:
    """On air or off, as the button said."""
    network = access.network(request, pk)
    ssid = get_object_or_404(network.ssids, pk=key).intent()
    wanted = msgspec.structs.replace(ssid, enabled=request.POST.get("enabled") == "yes")
    return propose(
        request, network, with_ssid(network.intent(), wanted), _base(request), back_to(request, network)
    )


@access.admin
def remove(request: MemberRequest, pk: int, key: int) -> HttpResponse:
    """The typed name is the confirmation; the Review page then says whom it touches."""
    network = access.network(request, pk)
    ssid = get_object_or_404(network.ssids, pk=key)
    form = TypedConfirmation(access.posted(request), expected=ssid.name)
    if request.method == "POST" and form.is_valid():
        wanted = without_ssid(network.intent(), str(ssid.pk))
        return propose(request, network, wanted, _base(request), back_to(request, network))
    context = {"section": "networks", "tab": "overview", "network": network, "ssid": ssid, "form": form}
    return render(request, "ssids/remove.html", context, status=422 if form.errors else 200)


@never_cache
@access.admin
def join(request: MemberRequest, pk: int, key: int) -> HttpResponse:
    """A page to print and hang up: the name, the passphrase, a code that joins a phone."""
    network = access.network(request, pk)
    ssid = get_object_or_404(network.ssids, pk=key)
    context = {"section": "networks", "network": network, "ssid": ssid, "code": code_of(ssid)}
    return render(request, "ssids/join.html", context)


def code_of(ssid: Ssid) -> str:
    """The QR code as SVG, empty where no code can join."""
    text = join_code(ssid.intent())
    if text is None:
        return ""
    drawn = segno.make(text, error="m", micro=False)
    svg = drawn.svg_inline(
        scale=8, border=2, dark="#10302f", light="#ffffff", omitsize=True, svgclass=None, lineclass=None
    )
    return mark_safe(svg)  # noqa: S308 - segno draws paths only; the text is not in them


def _base(request: MemberRequest) -> int | None:
    base = request.POST.get("base", "")
    return int(base) if base.isascii() and base.isdigit() and len(base) < 10 else None
