"""Whether this instance lives, whether it should be given visitors, and what it counts."""

import hmac
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.backoff import NoBackoff
from redis.retry import Retry

from console import access, asking, shared_metrics
from console.once.middleware import told_as_it_is
from devices import skew
from jobs.figures import registry
from outpost.shared_metrics import page

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

    The balancer waits 4 s, or none of that would hold: all are asked at once, and with limits of their own.
    A host that is gone or silent costs 1 s, up to 3 s where we were connected to it (``console.asking``).
    """
    with ThreadPoolExecutor(2) as beside:
        told = {
            "queue": beside.submit(_asked, partial(_pinged, settings.REDIS_URL)),
            "live_store": beside.submit(_asked, partial(_pinged, settings.LIVE_STORE_URL)),
        }
        needed = {"drain": _not_draining(), **_of_the_database()}
    passing = {"database"} if _database_answered_lately() else set()
    ready = all(answer == "ok" or name in passing for name, answer in needed.items())
    answers = {"ready": ready, **needed} | {name: answer.result() for name, answer in told.items()}
    return JsonResponse(answers, status=200 if ready else 503)


@told_as_it_is
@access.anyone
@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's view, for the bearer of METRICS_TOKEN; without a token for this machine alone."""
    if not _may_scrape(request):
        raise Http404
    with shared_metrics.reading():
        workers = page()
    return HttpResponse(workers + generate_latest(_QUEUE), content_type=CONTENT_TYPE_LATEST)


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
    except (Error, redis.RedisError, OSError) as error:
        return type(error).__name__


def _of_the_database() -> dict[str, str]:
    """When it does not answer, nothing more is asked of it: what was known stands."""
    database = _asked(_database)
    there = database == "ok"
    migrations = _asked(_migrations) if there or _are_migrated() else database
    return {"database": database, "migrations": migrations, "clock": _clock(there)}


def _database() -> str:
    with asking.OWN.connection() as own, own.cursor() as cursor:
        cursor.execute("SELECT 1")
    _answered.append(time.monotonic())
    return "ok"


def _measure() -> float:
    with asking.OWN.connection() as own:
        return skew.measure(own)


_CLOCK = skew.Skew(_measure)


def _clock(there: bool) -> str:
    ahead = _CLOCK.ahead() if there else _CLOCK.known
    if not skew.is_wrong(ahead):
        return "ok"
    return f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} the database's"


_answered: deque[float] = deque(maxlen=1)  # when the database did last


def _database_answered_lately() -> bool:
    return bool(_answered) and time.monotonic() - _answered[0] < FAIL_OVER


# Once up to date, a running instance stays so: migrations of newer code do not make it less ready.
_migrated: set[str] = set()


def _are_migrated() -> bool:
    return str(connection.settings_dict["NAME"]) in _migrated


def _migrations() -> str:
    if _are_migrated():
        return "ok"
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "waiting for migrations"
    _migrated.add(str(connection.settings_dict["NAME"]))
    return "ok"


def _pinged(url: str) -> str:
    """Asked once, with limits of its own: the product's clients are patient and try again."""
    limits = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), asking.LIMIT)
    with redis.Redis.from_url(url, **limits, retry=Retry(NoBackoff(), 0)) as server:
        server.ping()
    return "ok"
