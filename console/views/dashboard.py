"""An organisation at a glance: every network with the counts of the state axes."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone as clock
from django.views.decorators.http import require_POST

from console import access
from console.access import MemberRequest
from console.alerts import notice
from console.checklist import checklist
from console.listing import NetworkList
from console.live import COUNTED, clients_on
from devices.models import AccessPoint, Configuration, Link, Network
from devices.models.configuration import ConfigurationState

REACHABLE = (Link.ONLINE, Link.LATE)


@dataclass
class Summary:
    """A network and its access points by state. ``clients`` None: nobody can say.

    ``configurations`` leaves out what waits for an access point that is not there:
    its link says enough.
    """

    network: Network
    links: Counter[str] = field(default_factory=Counter)
    configurations: Counter[str] = field(default_factory=Counter)
    clients: int | None = 0

    @property
    def total(self) -> int:
        return self.links.total()

    @property
    def online(self) -> int:
        return self.links[Link.ONLINE] + self.links[Link.LATE]

    @property
    def offline(self) -> int:
        return self.links[Link.OFFLINE]

    @property
    def expected(self) -> int:
        return self.links[Link.WAITING]

    @property
    def changing(self) -> int:
        return (
            self.configurations[ConfigurationState.WAITING] + self.configurations[ConfigurationState.APPLYING]
        )

    @property
    def rejected(self) -> int:
        return self.configurations[ConfigurationState.REJECTED]

    @property
    def calm(self) -> bool:
        """Nothing here asks for anybody's attention."""
        return not (self.offline or self.rejected or self.changing or self.expected)


@access.member
def dashboard(request: MemberRequest) -> HttpResponse:
    listing = NetworkList(access.networks(request), request.GET)
    summaries = _summaries(list(listing.page), clock.now())
    context = {"section": "networks", "listing": listing, "page": listing.page, "summaries": summaries}
    context["notice"] = notice(access.access_points(request))
    if request.headers.get("HX-Request"):
        return render(request, "dashboard/networks.html", context)
    whole = listing.page.paginator.num_pages == 1 and not listing.filtered and len(summaries) > 1
    context |= {"checklist": checklist(request), "total": _total(summaries) if whole else None}
    return render(request, "dashboard/page.html", context)


@access.member
@require_POST
def dismiss_checklist(request: MemberRequest) -> HttpResponse:
    request.membership.dismiss_checklist()
    return redirect("dashboard", request.organisation.slug)


def _total(summaries: list[Summary]) -> dict[str, int | None]:
    """Of all networks, when the page holds all of them."""
    clients = [summary.clients for summary in summaries]
    return {
        "total": sum(summary.total for summary in summaries),
        "online": sum(summary.online for summary in summaries),
        "clients": None if None in clients else sum(one or 0 for one in clients),
    }


def _summaries(networks: list[Network], now: datetime) -> list[Summary]:
    """Three looks, however many networks: states in one statement, serials in one, clients in one."""
    found = {network.pk: Summary(network) for network in networks}
    rows = (
        AccessPoint.objects.filter(network__in=networks)
        .annotate(state_now=Configuration.state_expression(now, prefix="configuration__"))
        .order_by()
        .values_list("network", "link", "state_now")
        .annotate(Count("pk"))
    )
    for network, link, state, count in rows:
        found[network].links[link] += count
        if link in REACHABLE or state == ConfigurationState.REJECTED:
            found[network].configurations[state] += count
    _count_clients(found)
    return list(found.values())


def _count_clients(found: dict[int, Summary]) -> None:
    online = AccessPoint.objects.filter(network__in=found, link__in=REACHABLE)
    places = dict(online.order_by().values_list("serial", "network")[: COUNTED + 1])
    counted = clients_on(list(places))
    for summary in found.values():
        summary.clients = None if counted is None else 0
    for serial, clients in (counted or {}).items():
        summary = found[places[serial]]
        summary.clients = (summary.clients or 0) + clients
