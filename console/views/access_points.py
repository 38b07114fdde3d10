"""One access point: what it is, what it says, what can be done to it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from console import access
from console.access import MemberRequest
from console.events import Line, lines
from console.forms.access_point import LabelForm, MoveForm
from console.forms.place import TypedConfirmation
from console.listing import ROWS
from console.live import heard_of, report
from console.verdicts import shown_command
from devices.models import AccessPoint
from devices.tagging import set_tags
from devices.upgrading.axis import Offers

RECENT = 10


@access.member
def page(request: MemberRequest, serial: str) -> HttpResponse:
    (access_point,) = heard_of([access.access_point(request, serial)])
    context = (
        _context(access_point)
        | _reported(access_point)
        | {
            "configuration": access_point.configuration,
            "state": access_point.configuration.state(clock.now()),
            "left_out": access_point.configuration.left_out,
            "shown": shown_command(access_point, clock.now()),
            "lines": _recent(access_point),
            "tags": access_point.tags.all(),
            "firmware_state": Offers(request.organisation).state(access_point),
        }
    )
    part = request.headers.get("HX-Request")
    return render(request, "access_points/live.html" if part else "access_points/page.html", context)


@access.member
def log(request: MemberRequest, serial: str) -> HttpResponse:
    access_point = access.access_point(request, serial)
    page = Paginator(access_point.events.all(), ROWS).get_page(request.GET.get("page"))
    context = _context(access_point) | {"page": page, "lines": lines(list(page))}
    return render(request, "access_points/log.html", context)


@access.admin
def rename(request: MemberRequest, serial: str) -> HttpResponse:
    """Its name and its tags."""
    access_point = access.access_point(request, serial)
    form = LabelForm(access.posted(request), initial=LabelForm.initial_of(access_point))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            access_point.rename(request.user, form.cleaned_data["name"])
            set_tags(request.user, access_point, form.cleaned_data["tags"])
        return _to(access_point)
    return _form_page(request, "access_points/rename.html", access_point, form)


@access.admin
def move(request: MemberRequest, serial: str) -> HttpResponse:
    access_point = access.access_point(request, serial)
    elsewhere = access.networks(request).exclude(pk=access_point.network_id)
    form = MoveForm(access.posted(request), networks=elsewhere)
    if request.method == "POST" and form.is_valid():
        access_point.move(request.user, form.cleaned_data["network"])
        messages.success(request, _("It moved. It takes over the configuration of its new network now."))
        return _to(access_point)
    return _form_page(request, "access_points/move.html", access_point, form)


@access.admin
def release(request: MemberRequest, serial: str) -> HttpResponse:
    access_point = access.access_point(request, serial)
    form = TypedConfirmation(access.posted(request), expected=str(access_point))
    if request.method == "POST" and form.is_valid():
        network = access_point.network
        name = str(access_point)
        access_point.release(request.user)
        messages.success(
            request, _("%(name)s was released. Whoever holds it can claim it now.") % {"name": name}
        )
        return redirect("network", request.organisation.slug, network.pk)
    return _form_page(request, "access_points/release.html", access_point, form)


def _context(access_point: AccessPoint) -> dict[str, Any]:
    return {"section": "networks", "access_point": access_point, "network": access_point.network}


def _reported(access_point: AccessPoint) -> dict[str, Any]:
    found = report(access_point.serial)
    if found is None:
        return {"reachable": False}
    reported, said_now = found
    return {"reachable": True, "reported": reported, "said": said_now}


def _recent(access_point: AccessPoint) -> list[Line]:
    return lines(list(access_point.events.all()[:RECENT]))


def _to(access_point: AccessPoint) -> HttpResponse:
    return redirect("access_point", access_point.network.organisation.slug, access_point.serial)


def _form_page(request: MemberRequest, template: str, access_point: AccessPoint, form: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, template, _context(access_point) | {"form": form}, status=status)
