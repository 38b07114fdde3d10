"""How much a request may weigh."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve

_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


class LimitBody:
    """Answers 413 to what is larger than ``DATA_UPLOAD_MAX_MEMORY_SIZE`` before a byte of it is read.

    A view that ``takes`` more says so itself.

    Django counts fields alone: it would write a file of any size to disk, whoever sent it.
    A body without a length is an empty one to WSGI.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = _length(request)
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and length > _taken(request):
            return _too_large(request)
        return self.get_response(request)


def takes(most: int | Callable[[], int]) -> Callable[[_View], _View]:
    """The view reads bodies of up to so many bytes, and not into memory. Asked each time if it can be."""

    def declare(view: _View) -> _View:
        view.body_limit = most  # type: ignore[attr-defined]
        return view

    return declare


def takes_more_than_a_form(view: object) -> bool:
    """Whether its body is to be read once, from the network, and not into memory."""
    return _most(view) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _taken(request: HttpRequest) -> int:
    """What the address's view takes, where it says so."""
    try:
        return _most(resolve(request.path_info).func)
    except Resolver404:
        return 0


def _most(view: object) -> int:
    most = getattr(view, "body_limit", 0)
    return int(most() if callable(most) else most)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _too_large(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/413.html", status=413)
