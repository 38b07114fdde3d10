"""A whole request in one transaction, run again when MySQL lost it, and its answer kept beside its change.

Any statement of it that met a fault which passes voids the attempt, whatever the code above made of
the exception: the transaction is gone then. Reads run again as well, but in no transaction.

Left alone are views that take more than a form (``console.limits``): their body is read once, from
the network; and views that are ``told_as_it_is``, which are asked how things are now.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TypeVar, cast

import structlog
from allauth.core.context import request_context
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection, connections, transaction
from django.db.utils import Error
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from accounts.models import Answer
from accounts.models.answer import AskedBefore
from console.limits import takes_more_than_a_form
from console.once.answers import pack, replay, unavailable
from console.once.keys import Key, key_of
from console.once.patience import Patience, answers
from devices import faults

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
log = structlog.get_logger(__name__)
_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


class Void(Exception):
    """The attempt came to nothing, and may be made again."""


def told_as_it_is(view: _View) -> _View:
    """The view says whether the database answers: it is not asked again until it does."""
    view.told_as_it_is = True  # type: ignore[attr-defined]
    return view


class Once:
    """Outside of whatever asks the database, the session above all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in SAFE:
            return self._until_done(request, b"", self._read)
        try:
            body = _body(request)
        except UnreadablePostError:
            return HttpResponse(status=400)  # half a form; who sent it has gone
        if body is None:
            return self.get_response(request)
        key = key_of(request, body)
        return self._until_done(request, body, lambda copy: self._write(copy, key))

    def _until_done(
        self, request: HttpRequest, body: bytes, attempt: Callable[[HttpRequest], HttpResponseBase]
    ) -> HttpResponseBase:
        patience = Patience()
        for copy in _copies(request, body):
            try:
                response = attempt(copy)
            except Exception as error:
                if not (isinstance(error, Void) or faults.is_passing(error)):
                    raise
                log.info("request run again", method=request.method, path=request.path)
            else:
                vars(request).update(vars(copy))  # who it was, and what it found, for those outside
                return response
            if connection.in_atomic_block or not patience.again():
                break
        log.error("request given up", method=request.method, path=request.path)
        return unavailable()

    def _read(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not answers():
            raise Void
        before = _faults()
        response = self.get_response(request)
        if response.status_code < 400 or not _is_void(response, before) or _is_left_alone(request):
            return response
        _let_go(response)
        raise Void

    def _write(self, request: HttpRequest, key: Key) -> HttpResponseBase:
        """The first one's answer when it was done before."""
        if not answers():
            raise Void
        response = None
        try:
            # Of whose request it is, django-allauth asks once more when it writes a mail after the commit.
            with request_context(request), transaction.atomic():
                response = self._answer(request, Answer.begin(key.name, key.sent))
        except AskedBefore:
            return _answered_before(key)
        except Exception as error:
            if response is None or isinstance(error, Error):
                raise
            log.exception("done, but what follows the commit broke", path=request.path)
        return _with_late_messages(request, response)

    def _answer(self, request: HttpRequest, answer: Answer) -> HttpResponseBase:
        before = _faults()
        response = self.get_response(request)
        if _is_void(response, before):
            _let_go(response)
            raise Void
        if response.status_code >= 500:
            transaction.set_rollback(True)  # it broke half way: nothing of it stays, and it may be sent again
        elif response.status_code >= 400:
            answer.delete()  # refused: what was wrong, or too much, may be right next time
        else:
            answer.keep(pack(response))
        if (told := getattr(request, "_messages", None)) is not None:
            told.added_new = False  # these are written; what comes now comes late
        return response


class Interrupted:
    """Ends an attempt that will be made again without calling it broken: no error is logged or reported.

    The last of the middlewares, so that its ``process_exception`` is asked first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not faults.is_passing(error) or _is_left_alone(request):
            return None
        response = HttpResponse(status=503)
        response.interrupted = True  # type: ignore[attr-defined]
        return response


def _with_late_messages(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """What is done after the commit may have words for the person, and the message middleware is through."""
    told = getattr(request, "_messages", None)
    if told is not None and told.added_new:
        told.update(response)
    return response


def _answered_before(key: Key) -> HttpResponse:
    answer = Answer.objects.filter(key=key.name).first()
    if answer is None or answer.lapsed(key.holds):
        raise Void  # the first one came to nothing after all, or it was long ago
    return replay(answer, key.sent)


def _copies(request: HttpRequest, body: bytes) -> Iterator[HttpRequest]:
    """The request, and then as many as are wanted of how it came in: with nothing an attempt put on it."""
    came, noted = dict(cast(WSGIRequest, request).environ), dict(vars(request))
    yield request
    while True:
        copy = type(request)({**came, "wsgi.input": BytesIO(body)})  # type: ignore[call-arg]
        vars(copy).update({**noted, **vars(copy)})  # what those outside of us put on it
        yield copy


def _body(request: HttpRequest) -> bytes | None:
    """Read at once; None for a request that is left alone. Raises ``UnreadablePostError``."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE or _is_left_alone(request):
        return None
    return request.body


def _is_left_alone(request: HttpRequest) -> bool:
    """A page that is not there changes nothing either."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return True
    return takes_more_than_a_form(view) or hasattr(view, "told_as_it_is")


def _faults() -> int:
    """Of our connection (SQLite's counts none), and the losses of others: what counts sign-ins has its own.

    Django's cache says of a lost one only that nothing was kept, which is told as too many sign-ins.
    """
    losses = sum(getattr(one, "losses", 0) for one in connections.all(initialized_only=True))
    return getattr(connection, "passing_faults", 0) + losses


def _is_void(response: HttpResponseBase, before: int) -> bool:
    return hasattr(response, "interrupted") or _faults() != before


def _let_go(response: HttpResponseBase) -> None:
    """What it holds, without Django's word that the request is over."""
    for close in response._resource_closers:  # type: ignore[attr-defined]
        close()
