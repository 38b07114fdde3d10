"""A static file of another release, asked of an instance that has only its own.

While a new release is rolled out, a page of one instance asks another for its files. With a
CDN nearly none come here: it has the files of every release. What does come is the icons,
which browsers fetch from the page's own origin alone, and everything where there is no CDN.
"""

import re

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from django.views.static import serve

from console import access

# What Django's manifest puts before the extension: twelve digits of the content's MD5.
_HASH = re.compile(r"\.[0-9a-f]{12}(?=\.[^./]+$|$)")


@access.anyone
@require_safe
def asset(request: HttpRequest, name: str) -> HttpResponseBase:
    """This release's file of that name, kept by nobody; WhiteNoise has answered for files that are ours.

    Only for names with a hash. Raises ``Http404`` when this release has no such file under any hash.
    """
    try:
        response = serve(request, _HASH.sub("", name), document_root=settings.STATIC_ROOT)
    except (OSError, ValueError):
        raise Http404 from None  # no file has such a name: too long, or with a NUL
    patch_cache_control(response, no_store=True)
    return response
