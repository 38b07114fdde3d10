"""Ctrl+K: networks and access points of the organisation, by whatever somebody has in hand."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from console import access
from console.access import MemberRequest
from console.listing import as_serial, matching, read_text

MOST = 50


@access.member
def search(request: MemberRequest) -> HttpResponse:
    """One exact serial or MAC goes straight to its access point."""
    text = read_text(request.GET)
    found = access.access_points(request)
    exact = found.filter(serial=as_serial(text)).first() if text else None
    if exact:
        return redirect("access_point", request.organisation.slug, exact.serial)
    context = {
        "section": "networks",
        "search_text": text,
        "networks": access.networks(request).filter(name__icontains=text)[:MOST] if text else [],
        "access_points": found.filter(matching(text))[:MOST] if text else [],
        "most": MOST,
    }
    return render(request, "search.html", context)
