"""How much a network's Wi-Fi is used: a chart, the same figures as a table, and as CSV."""

import json
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from console import access
from console.access import MemberRequest
from console.export import csv_response
from devices.models import Network
from devices.replica import reads
from devices.usage.reading import DAY, WEEK, Point, Span, series

SPANS: dict[str, Span] = {"24h": DAY, "7d": WEEK}
LABELS = {"24h": gettext_lazy("Last 24 hours"), "7d": gettext_lazy("Last 7 days")}


@access.member
@require_GET
def usage(request: MemberRequest, pk: int) -> HttpResponse:
    network = access.network(request, pk)
    chosen, points = _points(request, network)
    counted = [point for point in points if point.clients is not None]
    shown = {
        "section": "networks",
        "network": network,
        "tab": "usage",
        "spans": LABELS.items(),
        "chosen": chosen,
        "chosen_label": LABELS[chosen],
        "points": counted,
        "downloaded": sum(point.downloaded or 0 for point in counted),
        "uploaded": sum(point.uploaded or 0 for point in counted),
        "most": max((point.clients or 0 for point in counted), default=0),
        "chart": json.dumps(_chart(points, network)),
    }
    return render(request, "networks/usage.html", shown)


@access.member
@require_GET
def usage_csv(request: MemberRequest, pk: int) -> StreamingHttpResponse:
    """Times in UTC, traffic in bytes."""
    network = access.network(request, pk)
    chosen, points = _points(request, network)
    header = [_("Time"), _("Downloaded (bytes)"), _("Uploaded (bytes)"), _("Most clients")]
    rows = [
        (point.at.isoformat(), point.downloaded, point.uploaded, point.clients)
        for point in points
        if point.clients is not None
    ]
    return csv_response(f"usage-{network.pk}-{chosen}", header, rows)


def _points(request: MemberRequest, network: Network) -> tuple[str, list[Point]]:
    asked = request.GET.get("span", "")
    chosen = asked if asked in SPANS else "24h"
    with reads():
        return chosen, series(network, SPANS[chosen], clock.now())


def _chart(points: list[Point], network: Network) -> dict[str, Any]:
    """What usage.js draws: columns of equal length, null where nothing was counted."""
    return {
        "zone": network.timezone,
        "at": [int(point.at.timestamp()) for point in points],
        "downloaded": [point.downloaded for point in points],
        "uploaded": [point.uploaded for point in points],
        "clients": [point.clients for point in points],
        "words": {
            "downloaded": _("Downloaded"),
            "uploaded": _("Uploaded"),
            "clients": _("Clients"),
            "time": _("Time"),
        },
    }
