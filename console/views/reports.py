"""Monthly reports: which there are, asking for one, its files."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone as clock
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Organisation
from console import access
from console.access import MemberRequest
from devices import storage
from devices.models import Report
from devices.models.report import ReportRefused
from devices.reporting.building import last_month

LINK_SECONDS = 300
OFFERED = 13  # months


@access.member
@require_GET
def reports(request: MemberRequest) -> HttpResponse:
    rows = list(access.reports(request))
    Report.note_given_up(rows)
    shown: dict[str, Any] = {"section": "reports", "reports": rows, "open": any(row.open for row in rows)}
    if request.headers.get("HX-Request"):
        return render(request, "reports/rows.html", shown)
    shown["months"] = list(_months(request.organisation, clock.now().date()))
    return render(request, "reports/list.html", shown)


@access.admin
@require_POST
def ask_report(request: MemberRequest) -> HttpResponse:
    try:
        Report.ask(request.user, request.organisation, _month(request.POST.get("month", "")))
    except (ValueError, ReportRefused) as refusal:
        words = refusal.words if isinstance(refusal, ReportRefused) else _("Choose a month from the list.")
        messages.error(request, words)
    else:
        messages.success(request, _("The report is being built. This page follows it."))
    return redirect("reports", request.organisation.slug)


@access.member
@require_GET
def report_file(request: MemberRequest, pk: int, ending: str) -> HttpResponse:
    """A file of it, by an address that is good for five minutes."""
    report = access.report(request, pk)
    key = report.pdf if ending == "pdf" else report.csv
    if not key:
        raise Http404
    name = f"{slugify(request.organisation.name) or 'report'}-{report.month:%Y-%m}.{ending}"
    return redirect(storage.link(key, name, LINK_SECONDS))


def _month(text: str) -> date:
    """Raises ``ValueError``."""
    return date.fromisoformat(f"{text}-01")


def _months(organisation: Organisation, today: date) -> Iterator[date]:
    """Those there can be reports of, newest first."""
    month, first = today.replace(day=1), organisation.created_at.date().replace(day=1)
    for _n in range(OFFERED):
        if month < first:
            return
        yield month
        month = last_month(month)
