"""Whether this instance lives, whether it should be given visitors, and what it counts."""

import hmac
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import generate_latest

from console import access, shared_metrics
from console.once.middleware import told_as_it_is
from devices import skew
from devices.live_store import live_store
from jobs.figures import registry
from outpost.store.contract import StoreUnavailable

_QUEUE = registry()
FAIL_OVER = 60.0  # seconds without a database before this instance calls itself unready


@told_as_it_is
@access.anyone
@never_cache
@require_GET
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers, and of which release it is.

    It asks nothing of anybody, so that no outage of theirs restarts us.
    """
    return HttpResponse(f"ok {settings.AERIE_RELEASE}\n", content_type="text/plain")


@told_as_it_is
@access.anyone
@never_cache
@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """503 while draining, or while what this instance needs is away, not yet migrated, or its clock is wrong.

    Redis and the live store are told but do not count: a save is kept in MySQL
    and reaches them later, and a blip of theirs must not take the whole fleet out. Nor must a
    fail-over of MySQL, which requests wait for: it counts when it has lasted a minute.
    """
    needed = {"drain": _not_draining(), "database": _asked(_database)}
    needed |= {"migrations": _asked(_migrations), "clock": _clock()}
    told = {"queue": _asked(_queue), "live_store": _asked(_live_store)}
    passing = {"database"} if _database_answered_lately() else set()
    ready = all(answer == "ok" or name in passing for name, answer in needed.items())
    return JsonResponse({"ready": ready, **needed, **told}, status=200 if ready else 503)


@told_as_it_is
@access.anyone
@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's view, for the bearer of METRICS_TOKEN; without a token for this machine alone."""
    if not _may_scrape(request):
        raise Http404
    with shared_metrics.reading():
        response: HttpResponse = ExportToDjangoView(request)
    response.content += generate_latest(_QUEUE)
    return response


def _may_scrape(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        told = request.headers.get("Authorization", "")
        return hmac.compare_digest(told.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    # Behind a proxy every visitor comes from its address, so that nobody counts as local there.
    return not settings.TRUSTED_PROXIES and "X-Forwarded-For" not in request.headers and _is_local(request)


def _is_local(request: HttpRequest) -> bool:
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _not_draining() -> str:
    return "draining" if settings.DRAIN_FILE and Path(settings.DRAIN_FILE).exists() else "ok"


def _asked(question: Callable[[], str]) -> str:
    try:
        return question()
    except (DatabaseError, redis.RedisError, StoreUnavailable, OSError) as error:
        return type(error).__name__


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    _answered.append(time.monotonic())
    return "ok"


def _clock() -> str:
    ahead = skew.SKEW.ahead()
    if not skew.is_wrong(ahead):
        return "ok"
    return f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} the database's"


_answered: deque[float] = deque(maxlen=1)  # when the database did last


def _database_answered_lately() -> bool:
    return bool(_answered) and time.monotonic() - _answered[0] < FAIL_OVER


# Once up to date, a running instance stays so: migrations of newer code do not make it less ready.
_migrated: set[str] = set()


def _migrations() -> str:
    name = str(connection.settings_dict["NAME"])
    if name in _migrated:
        return "ok"
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "waiting for migrations"
    _migrated.add(name)
    return "ok"


def _queue() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as server:
        server.ping()
    return "ok"


def _live_store() -> str:
    live_store().ping()
    return "ok"
