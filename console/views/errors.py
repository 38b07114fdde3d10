"""What a visitor sees when a page is not theirs, not there, or broken."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from console import access


@access.anyone
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/403.html", status=403)


@access.anyone
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


@access.anyone
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


@access.anyone
def broken(request: HttpRequest) -> HttpResponse:
    """Needs neither the database nor the session: either may be what broke."""
    return render(None, "errors/500.html", status=500)  # type: ignore[arg-type]


@access.anyone
def csrf_failure(request: HttpRequest, reason: str = "", **extra: Any) -> HttpResponse:
    """The form's token did not fit: a page left open for long, or cookies switched off."""
    return render(request, "errors/csrf.html", status=403)
