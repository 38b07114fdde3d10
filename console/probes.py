"""Balancers and scrapers reach an instance by its address: they name no host that ALLOWED_HOSTS lists."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PATHS = frozenset({"/livez", "/readyz", "/metrics"})
Answer = Callable[[HttpRequest], HttpResponse]


def name_probed_host(get_response: Answer) -> Answer:
    """Middleware: at these three, whatever was asked for counts as ours. They tell nothing secret."""
    own = urlsplit(settings.CONSOLE_PUBLIC_URL).hostname or "localhost"

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path_info in PATHS:
            request.META["HTTP_HOST"] = own
        return get_response(request)

    return answer
