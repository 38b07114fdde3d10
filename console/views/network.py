"""A network: its page, its clients, its history, its settings, its end."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from console import access
from console.access import MemberRequest
from console.alerts import notice
from console.badges import configuration_badge, link_badge
from console.export import csv_response
from console.forms.place import PlaceForm, TypedConfirmation, place_initial
from console.forms.problems import add_problems, rebased
from console.listing import ROWS, AccessPointList, ClientList, SeenClient
from console.live import COUNTED, clients_on, heard_of, reports
from console.progress import shown_progress
from console.proposal import PLACE, DraftLost, unseal
from console.views.review import between, propose
from devices.models import AccessPoint, Link, Network
from devices.models.configuration import ConfigurationState
from devices.models.network import InvalidIntent
from devices.rendering.problem import Problem
from devices.replica import streamed
from devices.upgrading.axis import FirmwareState, Offers


@access.member
def overview(request: MemberRequest, pk: int) -> HttpResponse:
    network = access.network(request, pk)
    listing = _access_points(request, network)
    shown = shown_progress(network, clock.now())
    context = _context(network, "overview", listing=listing, page=listing.page, **_figures(network))
    context["rows"] = list(listing.offers.told(heard_of(listing.page)))
    context["notice"] = notice(access.access_points(request).filter(network=network))
    context |= {"links": Link.choices, "configurations": ConfigurationState.choices, "shown": shown}
    context["firmware_states"] = FirmwareState.choices
    context["ssids"] = network.ssids.all()
    tags = access.tags(request).filter(access_points__network=network)
    context["tags"] = tags.values_list("name", flat=True).distinct()
    if request.headers.get("HX-Request"):
        return render(request, "networks/live.html", context)
    asked = request.GET.get("revision") == str(network.revision_number)
    context["just_saved"] = asked or not shown.progress.finished
    return render(request, "networks/overview.html", context)


@access.member
def access_points_csv(request: MemberRequest, pk: int) -> StreamingHttpResponse:
    network = access.network(request, pk)
    header = [
        _("Name"),
        _("Serial"),
        _("Link"),
        _("Configuration"),
        _("Firmware"),
        _("Firmware state"),
        _("Model"),
        _("Address"),
        _("Last seen"),
    ]
    listing = _access_points(request, network)
    return csv_response(f"access-points-{network.pk}", header, streamed(lambda: _csv_rows(listing)))


def _csv_rows(listing: AccessPointList) -> Iterator[Sequence[Any]]:
    rows = heard_of(listing.rows().iterator(chunk_size=1000))
    for row in listing.offers.told(rows):
        link, state = link_badge(row.link).label, configuration_badge(row.state_now).label
        seen = row.last_seen.isoformat() if row.last_seen else ""
        yield (
            row.name, row.serial, str(link), str(state), row.firmware, str(row.firmware_state.label),
            row.model, row.address or "", seen,
        )  # fmt: skip


@access.member
def clients(request: MemberRequest, pk: int) -> HttpResponse:
    network = access.network(request, pk)
    seen = _seen(network)
    listing = ClientList(seen or [], request.GET)
    context = _context(network, "clients", listing=listing, page=listing.page, known=seen is not None)
    template = "networks/clients_rows.html" if request.headers.get("HX-Request") else "networks/clients.html"
    return render(request, template, context)


@access.member
def clients_csv(request: MemberRequest, pk: int) -> StreamingHttpResponse:
    network = access.network(request, pk)
    header = [
        _("Name"),
        "MAC",
        "IP",
        "SSID",
        _("Access point"),
        _("Band"),
        _("Signal (dBm)"),
        _("Downloaded"),
        _("Uploaded"),
    ]
    rows = streamed(lambda: (
        (one.client.host, one.client.mac, one.client.address, one.client.ssid, str(one.access_point),
         one.client.band, one.client.signal, one.client.downloaded, one.client.uploaded)
        for one in ClientList(_seen(network) or [], request.GET).rows()
    ))  # fmt: skip
    return csv_response(f"clients-{network.pk}", header, rows)


@access.member
def history(request: MemberRequest, pk: int) -> HttpResponse:
    network = access.network(request, pk)
    revisions = network.revisions.select_related("author").defer("intent")
    page = Paginator(revisions, ROWS).get_page(request.GET.get("page"))
    return render(request, "networks/history.html", _context(network, "history", page=page))


@access.admin
def settings(request: MemberRequest, pk: int) -> HttpResponse:
    network = access.network(request, pk)
    if request.method == "POST" and "draft" in request.POST:
        return _settings_page(request, network, PlaceForm(initial=_drafted(request, network)))
    if request.method != "POST":
        initial = place_initial(network.intent()) | {"base": network.revision_number}
        return _settings_page(request, network, PlaceForm(initial=initial))
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, network, form, status=422)

    def again(*, problems: Sequence[Problem] = (), stale: bool = False) -> HttpResponse:
        if stale:
            newer = between(network, form.cleaned_data["base"])
            fresh = PlaceForm(rebased(request.POST, network.revision_number))
            return _settings_page(request, network, fresh, status=409, newer=newer)
        add_problems(form, problems)
        return _settings_page(request, network, form, status=422)

    wanted = form.wanted(network.intent())
    return propose(request, network, wanted, form.cleaned_data["base"], again, form=PLACE)


def _settings_page(
    request: MemberRequest, network: Network, form: PlaceForm, status: int = 200, **extra: Any
) -> HttpResponse:
    return render(
        request, "networks/settings.html", _context(network, "settings", form=form, **extra), status=status
    )


def _drafted(request: MemberRequest, network: Network) -> dict[str, Any]:
    """What a reviewed draft holds, to be edited again; the present state when it is lost."""
    try:
        intent = unseal(request.user, network, request.POST["draft"], clock.now()).intent
    except DraftLost:
        intent = network.intent()
    return place_initial(intent) | {"base": network.revision_number}


@access.admin
def create(request: MemberRequest) -> HttpResponse:
    form = PlaceForm(access.posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            network = Network.open(request.user, request.organisation, form.new())
        except InvalidIntent as invalid:
            add_problems(form, invalid.problems)
        else:
            return redirect("setup_access_points", request.organisation.slug, network.pk)
    status = 422 if form.errors else 200
    return render(request, "networks/new.html", {"section": "networks", "form": form}, status=status)


@access.admin
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    network = access.network(request, pk)
    form = TypedConfirmation(access.posted(request), expected=network.name)
    if request.method == "POST" and form.is_valid():
        network.remove(request.user)
        messages.success(request, _("%(name)s was deleted.") % {"name": network.name})
        return redirect("dashboard", request.organisation.slug)
    context = _context(network, "settings", form=form, count=network.access_points.count())
    return render(request, "networks/remove.html", context, status=422 if form.errors else 200)


def _context(network: Network, tab: str, **more: Any) -> dict[str, Any]:
    return {"section": "networks", "network": network, "tab": tab} | more


def _access_points(request: MemberRequest, network: Network) -> AccessPointList:
    rows = access.access_points(request).filter(network=network).select_related("configuration")
    return AccessPointList(rows, request.GET, clock.now(), Offers(request.organisation))


def _online(network: Network) -> list[AccessPoint]:
    return list(network.access_points.filter(link__in=(Link.ONLINE, Link.LATE))[: COUNTED + 1])


def _figures(network: Network) -> dict[str, Any]:
    """How many there are and are online, clients per access point and in all; None where nobody can say."""
    counted = clients_on([one.serial for one in _online(network)])
    links = dict(network.access_points.order_by().values_list("link").annotate(Count("pk")))
    return {
        "clients_by_serial": counted,
        "clients_now": None if counted is None else sum(counted.values()),
        "total": sum(links.values()),
        "online": links.get(Link.ONLINE, 0) + links.get(Link.LATE, 0),
    }


def _seen(network: Network) -> list[SeenClient] | None:
    online = _online(network)[:COUNTED]
    found = reports([one.serial for one in online]) if online else []
    if found is None:
        return None
    return [
        SeenClient(client, access_point)
        for access_point, (reported, state) in zip(online, found, strict=True)
        if reported.connected
        for client in state.clients
    ]
