"""Where a request spends its time, for staff who ask: ``?profile=1`` downloads what pyinstrument saw.

Only where ``PROFILE_REQUESTS`` is set, as in staging. The page it makes runs scripts of its own, which
our policy forbids: it is downloaded, or plain text with ``?profile=text``, and never shown from here.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

PARAMETER, HEADER = "profile", "X-Profile"
INTERVAL = 0.0005  # seconds between looks


class ProfileRequest:
    """The innermost middleware: a view's answer gives way to how long its lines took."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.PROFILE_REQUESTS:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        wanted = request.GET.get(PARAMETER) or request.headers.get(HEADER)
        if not wanted or not request.user.is_staff:
            return self.get_response(request)
        return self._profiled(request, as_text=wanted == "text")

    def _profiled(self, request: HttpRequest, as_text: bool) -> HttpResponse:
        from pyinstrument import Profiler  # for whoever asks alone: nobody else pays for its import

        with Profiler(interval=INTERVAL, async_mode="disabled") as profiler:
            status = self.get_response(request).status_code
        if as_text:
            return HttpResponse(profiler.output_text(), content_type="text/plain; charset=utf-8")
        name = f"profile-{request.id}-{status}.html"  # type: ignore[attr-defined]
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(profiler.output_html(), headers=disposition)
