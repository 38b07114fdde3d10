"""Where access points send what they recorded: an address that is signed, and good for one file."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from console import access
from console.limits import takes
from devices import recordings
from devices.recordings import UploadRefused

# On this instance's disk; ENOENT when no directory for temporary files had any when one was first looked for.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.ENOENT}
OVERHEAD = 64 * 1024  # of multipart around the file
log = structlog.get_logger(__name__)


@access.anyone
@takes(recordings.LARGEST + OVERHEAD)
@csrf_exempt
@require_POST
def upload(request: HttpRequest, token: str) -> HttpResponse:
    """Multipart, the file in ``data``; refused in words before a byte is read, where it is not wanted."""
    try:
        command = recordings.expected(token, clock.now())
        with _received(request) as file:
            recordings.keep(command, file, file.size or 0)
    except UploadRefused as refused:
        log.warning("upload refused", status=refused.status, why=str(refused))
        return _answer(refused.status, str(refused))
    return _answer(200, _("Received. Thank you."))


@contextmanager
def _received(request: HttpRequest) -> Iterator[UploadedFile]:
    """The one file of the request, on disk rather than in memory. Raises ``UploadRefused``."""
    body = _Counted(request)
    try:
        handlers = [TemporaryFileUploadHandler(request)]
        _fields, files = MultiPartParser(request.META, body, handlers, "utf-8").parse()  # type: ignore[arg-type]
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise UploadRefused(503, _("There is no room for it now. Send it again.")) from error
        raise UploadRefused(400, _("The upload was cut off.")) from None
    except (MultiPartParserError, SuspiciousOperation, ValueError, LookupError):
        raise UploadRefused(400, _("This is no upload: multipart/form-data is expected.")) from None
    try:
        yield _file(files.getlist("data"), body, request)
    finally:
        for file in (file for name in files for file in files.getlist(name)):
            file.close()


def _file(found: list[Any], body: "_Counted", request: HttpRequest) -> UploadedFile:
    if body.read_bytes < int(request.META.get("CONTENT_LENGTH") or 0):
        raise UploadRefused(400, _("The upload was cut off."))
    if len(found) != 1 or not found[0].size:
        raise UploadRefused(400, _("One file is expected, in the field data."))
    return found[0]  # type: ignore[no-any-return]


class _Counted:
    """The request's body, and how much of it came: a cut off one looks whole to the parser."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.read_bytes = 0

    def read(self, size: int) -> bytes:
        chunk: bytes = self._request.read(size)
        self.read_bytes += len(chunk)
        return chunk


def _answer(status: int, words: str) -> HttpResponse:
    return HttpResponse(words + "\n", status=status, content_type="text/plain; charset=utf-8")
