"""Which database answers: the primary, or the replica where ``devices.replica.reads`` allows it."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import MiddlewareNotUsed
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase

from console.databases import COUNTING
from devices import replica

COOKIE = "aerie_wrote"
CACHE = "django_cache"  # what Django calls the application of a cache in the database
_SALT = "console.routing"


class Router:
    """Only what a network is and did may be read from the replica: who may enter is never a moment old."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        if model._meta.app_label == CACHE:
            return _counting()
        if model._meta.app_label != "devices" or model._meta.db_table in replica.BOOKKEEPING:
            return DEFAULT_DB_ALIAS
        return replica.alias()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return _counting() if model._meta.app_label == CACHE else DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


def _counting() -> str:
    return COUNTING if COUNTING in connections.databases else DEFAULT_DB_ALIAS


class ReadOwnWrites:
    """Whoever wrote reads the primary for the next seconds, on every instance: a cookie says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not replica.is_configured():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with replica.watching_writes(recent=_wrote_lately(request)) as writes:
            response = self.get_response(request)
        if writes.here:
            _mark(response)
        return response


def _wrote_lately(request: HttpRequest) -> bool:
    try:
        signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=replica.OWN_WRITES)
    except signing.BadSignature:
        return False
    return True


def _mark(response: HttpResponseBase) -> None:
    """Signed with its time: a browser that keeps it longer than it should changes nothing."""
    response.set_cookie(
        COOKIE,
        signing.dumps(1, salt=_SALT),
        max_age=int(replica.OWN_WRITES),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
