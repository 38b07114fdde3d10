"""What an access point is told to do, what became of it, and what it brought."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import AuditEntry
from console import access
from console.access import MemberRequest
from console.forms.commands import KickForm, RecordForm
from console.forms.place import TypedConfirmation
from console.listing import ROWS
from console.neighbourhood import Neighbourhood
from console.verdicts import shown, shown_command
from devices import recordings
from devices.models import AccessPoint, Command
from devices.models.command import CommandKind

# Asked for with one press; the others have a page of their own, and upgrades are asked for by rollouts.
PRESSED = {CommandKind.REBOOT, CommandKind.BLINK, CommandKind.WIFISCAN}


@access.member
def listed(request: MemberRequest, serial: str) -> HttpResponse:
    """Every command it was ever given, newest first."""
    access_point = access.access_point(request, serial)
    asked = access_point.commands.select_related("asked_by")
    page = Paginator(asked, ROWS).get_page(request.GET.get("page"))
    context = _context(access_point) | {"page": page, "rows": shown(access_point, list(page), clock.now())}
    return render(request, "commands/list.html", context)


@access.member
def detail(request: MemberRequest, serial: str, pk: int) -> HttpResponse:
    command = access.command(request, serial, pk)
    (found,) = shown(command.access_point, [command], clock.now())
    context = _context(command.access_point) | {"shown": found}
    if command.kind == CommandKind.WIFISCAN and command.result is not None:
        context["listing"] = Neighbourhood(found.found, request.GET)
    part = request.headers.get("HX-Request")
    return render(request, "commands/live.html" if part else "commands/page.html", context)


@access.member
def last(request: MemberRequest, serial: str) -> HttpResponse:
    """The verdict of the last command, asked for until there is one."""
    access_point = access.access_point(request, serial)
    if not request.headers.get("HX-Request"):
        return _to(access_point)
    context = _context(access_point) | {"shown": shown_command(access_point, clock.now())}
    return render(request, "access_points/command.html", context)


@access.admin
@require_POST
def ask(request: MemberRequest, serial: str, kind: str) -> HttpResponse:
    """Reboot, blink or scan, now."""
    access_point = access.access_point(request, serial)
    if kind not in PRESSED:
        raise Http404
    command = Command.ask(request.user, access_point, CommandKind(kind))
    return _to_command(command) if kind == CommandKind.WIFISCAN else _to(access_point)


@access.admin
def factory(request: MemberRequest, serial: str) -> HttpResponse:
    access_point = access.access_point(request, serial)
    form = TypedConfirmation(access.posted(request), expected=str(access_point))
    if request.method == "POST" and form.is_valid():
        Command.ask(request.user, access_point, CommandKind.FACTORY)
        return _to(access_point)
    return _form_page(request, "commands/factory.html", access_point, form)


@access.admin
def record(request: MemberRequest, serial: str) -> HttpResponse:
    access_point = access.access_point(request, serial)
    form = RecordForm(access.posted(request))
    if request.method == "POST" and form.is_valid():
        return _to_command(Command.ask(request.user, access_point, CommandKind.TRACE, form.params()))
    return _form_page(request, "commands/record.html", access_point, form)


@access.admin
@require_POST
def kick(request: MemberRequest, serial: str) -> HttpResponse:
    """Disconnect one client. Nobody answers, so there is nothing to wait for."""
    access_point = access.access_point(request, serial)
    form = KickForm(request.POST)
    if not form.is_valid():
        raise BadRequest("no client's address")
    mac = form.cleaned_data["mac"]
    Command.ask(request.user, access_point, CommandKind.KICK, {"mac": mac})
    words = _(
        "%(mac)s is being disconnected. It may come back at once: to keep it out, change the passphrase."
    )
    messages.success(request, words % {"mac": mac})
    if form.cleaned_data["whole"]:
        return redirect("clients", request.organisation.slug, access_point.network_id)
    return _to(access_point)


@access.admin
@require_POST
def cancel(request: MemberRequest, serial: str, pk: int) -> HttpResponse:
    """Take back what waits."""
    command = access.command(request, serial, pk)
    if command.kind == CommandKind.UPGRADE:
        raise Http404
    if command.cancel(request.user):
        messages.success(request, _("It was cancelled before the access point fetched it."))
    else:
        messages.error(request, _("It is too late to cancel it: it has left, or ended."))
    return _to_command(command)


@access.admin
@require_GET
def recording(request: MemberRequest, serial: str, pk: int) -> HttpResponse:
    """The recorded traffic, as a file. Who looks into it is noted: it may hold what guests do."""
    command = access.command(request, serial, pk)
    if not recordings.is_here(command):
        messages.error(request, _("There is no recording to download."))
        return _to_command(command)
    about = command.access_point
    AuditEntry.record(
        request.organisation, request.user, "command.download", about, serial=about.serial, command=pk
    )
    return redirect(recordings.download(command))


def _context(access_point: AccessPoint) -> dict[str, Any]:
    return {"section": "networks", "access_point": access_point, "network": access_point.network}


def _to(access_point: AccessPoint) -> HttpResponse:
    return redirect("access_point", access_point.network.organisation.slug, access_point.serial)


def _to_command(command: Command) -> HttpResponse:
    about = command.access_point
    return redirect("command_detail", about.network.organisation.slug, about.serial, command.pk)


def _form_page(request: MemberRequest, template: str, access_point: AccessPoint, form: Any) -> HttpResponse:
    context = _context(access_point) | {"form": form}
    return render(request, template, context, status=422 if form.errors else 200)
