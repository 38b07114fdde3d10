"""Where the mail of every week says it can be ended: for whoever holds the link, signed in or not."""

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.unsubscribing import organisation_of
from accounts.unsubscribing import unsubscribe as stop_mails
from console import access


@access.anyone
@csrf_exempt  # a mail program asks by itself (RFC 8058): it has no cookie, and needs none
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Looking changes nothing, for mail programs look at every link; asking twice changes nothing more."""
    try:
        organisation = organisation_of(token)
    except signing.BadSignature:
        return render(request, "profile/unsubscribe_unknown.html", status=404)
    done = request.method == "POST"
    if done:
        stop_mails(token)
    return render(request, "profile/unsubscribe.html", {"name": organisation.name, "done": done})
