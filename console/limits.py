"""How much a request may weigh."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render


class LimitBody:
    """Answers 413 to what is larger than ``DATA_UPLOAD_MAX_MEMORY_SIZE`` before a byte of it is read.

    Django counts fields alone: it would write a file of any size to disk, whoever sent it.
    A body without a length is an empty one to WSGI.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _too_large(request)
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _too_large(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/413.html", status=413)
