"""Files of a directory storage, handed out and taken in by the console itself. S3 does both alone."""

from typing import IO, cast

from django.core import signing
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from console import access
from console.access import SignedInRequest
from console.limits import takes
from devices import storage


@access.anyone
@require_safe
def stored_file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """The file a link was made for: access points have no account, the token is their right to it."""
    try:
        file = storage.read(storage.key_of(token))
    except (signing.BadSignature, FileNotFoundError):
        return render(request, "errors/link.html", status=404)
    printable = "".join(letter for letter in name if letter.isprintable())  # no line may end in a header
    return FileResponse(file, as_attachment=True, filename=printable, content_type="application/octet-stream")


@takes(storage.PART)
@access.signed_in
@require_http_methods(["PUT"])
def upload_part(request: SignedInRequest, token: str) -> HttpResponse:
    """One part of an upload, on its way to disk; for administrators of the image's organisation."""
    try:
        part = storage.part_of(token)
    except signing.BadSignature:
        raise Http404(_("This upload has expired.")) from None
    access.uploading_image(request, part.key)
    try:
        storage.receive_part(part, cast(IO[bytes], request))
    except storage.UploadLost:
        raise Http404(_("This upload was given up.")) from None
    except storage.UploadIncomplete:
        return HttpResponse(_("The part has not arrived completely."), status=400, content_type="text/plain")
    return HttpResponse()
