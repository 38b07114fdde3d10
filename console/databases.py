"""How MySQL, its replica and Redis are spoken to: the options behind the addresses of the settings."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ReadOnlyError
from redis.retry import Retry

MYSQL = "django.db.backends.mysql"
WRITER = "console.mysql"  # the same, and knows a demoted writer: console/mysql/base.py
# What must be counted also when a request comes to nothing, as failed sign-ins are: the same database, on
# connections outside of the request's transaction.
COUNTING = "counting"
# One that freezes in the middle of a read must not hold its reader for ever (seconds). And nothing is ever
# written through it, also where its address leads to the primary, as after a fail-over it may.
REPLICA_OPTIONS = {
    "connect_timeout": 1,
    "read_timeout": 60,
    "init_command": "SET SESSION TRANSACTION READ ONLY",
}


def configure(
    url: str, replica_url: str, *, authority: str = "", idle_seconds: int = 0, counting: bool = True
) -> dict[str, dict[str, Any]]:
    """Django's DATABASES for these addresses; SQLite serves the demo alone.

    ``authority`` is a PEM file: whose certificates MySQL shows, over TLS; without one nothing is encrypted.
    ``idle_seconds`` is when MySQL ends a connection that says nothing (0: when it likes): one of a host that
    vanished holds its locks as long. ``counting`` is off in tests: they look at one transaction, rolled back.
    """
    databases = {"default": environ.Env.db_url_config(url)}
    if replica_url:
        databases["replica"] = environ.Env.db_url_config(replica_url) | {"TEST": {"MIRROR": "default"}}
    for database in databases.values():
        if database["ENGINE"] == MYSQL:
            _mysql(database, authority, idle_seconds)
        else:
            _sqlite(database)
    if "replica" in databases:
        databases["replica"].setdefault("OPTIONS", {}).update(REPLICA_OPTIONS)
    if databases["default"]["ENGINE"] == MYSQL:
        databases["default"]["ENGINE"] = WRITER
        if counting:
            databases[COUNTING] = databases["default"] | {"CONN_MAX_AGE": 0, "TEST": {"MIRROR": "default"}}
    return databases


def _mysql(database: dict[str, Any], authority: str, idle_seconds: int) -> None:
    database["CONN_MAX_AGE"] = 300
    database["CONN_HEALTH_CHECKS"] = True
    database.setdefault("OPTIONS", {}).update(
        charset="utf8mb4",
        isolation_level="read committed",
        connect_timeout=2,
        # Who waits longer for a row is run again, or told so, instead of holding a thread for MySQL's 50 s.
        init_command="SET SESSION innodb_lock_wait_timeout = 10"
        + (f", wait_timeout = {idle_seconds}" if idle_seconds else ""),
    )
    if authority:
        database["OPTIONS"] |= {"ssl": {"ca": authority}, "ssl_mode": "VERIFY_IDENTITY"}


def _sqlite(database: dict[str, Any]) -> None:
    Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }


def redis_connection(url: str) -> dict[str, object]:
    """django-rq's HOST/PORT form; its URL form would ignore the client settings below."""
    parts = urlsplit(url)
    common: dict[str, object] = {
        "USERNAME": parts.username or "",
        "PASSWORD": parts.password or "",
        "DEFAULT_TIMEOUT": 300,
        "SERIALIZER": "rq.serializers.JSONSerializer",
        "REDIS_CLIENT_KWARGS": {
            "socket_keepalive": True,
            "socket_connect_timeout": 2,
            "health_check_interval": 30,
            # Out of a fail-over: the demoted server answers READONLY, and the name leads to the new one.
            "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), 3),
            "retry_on_error": [ReadOnlyError],
        },
    }
    if parts.scheme == "unix":
        return common | {"UNIX_SOCKET_PATH": parts.path, "DB": 0}
    return common | {
        "HOST": parts.hostname,
        "PORT": parts.port or 6379,
        "DB": int(parts.path.strip("/") or 0),
        "SSL": parts.scheme == "rediss",
    }
