"""What SQL a request or a job asks: how many statements, for how long, and which of them were slow.

``watch`` puts one cheap wrapper around every statement of a connection (about a microsecond each, see
``tests/load/observing.py``); ``tallied`` says whose statements they are.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import structlog
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from prometheus_client import Counter

MOST = 1_000  # characters of a statement in the log
SLOW = Counter("aerie_slow_queries", "Statements slower than SLOW_QUERY_SECONDS, by view", ["view"])
# What may be a value rather than SQL: quoted texts and numbers. Placeholders hold the rest.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"")
_NUMBER = re.compile(r"\b(?:0x[0-9a-f]+|\d+(?:\.\d+)?)\b", re.IGNORECASE)
_LIST = re.compile(r"\(\s*(?:%s|\?|NULL)(?:\s*,\s*(?:%s|\?|NULL))*\s*\)")
_LISTS = re.compile(r"\(…\)(?:\s*,\s*\(…\))+")
_SPACE = re.compile(r"\s+")
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Tally:
    """Of one request or job. ``where`` is a view's or a kind's name: one of a short list, never a value."""

    where: str = ""
    count: int = 0
    seconds: float = 0.0
    slow: int = 0


_here: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def tallied(tally: Tally) -> Iterator[Tally]:
    """Whatever is asked within counts for this tally; an inner one counts for itself alone."""
    token = _here.set(tally)
    try:
        yield tally
    finally:
        _here.reset(token)


def watch(connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """Time every statement of this connection from now on. For Django's ``connection_created``."""
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _timed)  # others take theirs off the end


def fingerprint(sql: str) -> str:
    """The statement's shape, the same for all values and lengths of lists; it holds no value."""
    shape = _NUMBER.sub("?", _QUOTED.sub("?", sql))
    shape = _LISTS.sub("(…)", _LIST.sub("(…)", shape))
    return _SPACE.sub(" ", shape).strip()


def _timed(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
    began = perf_counter()
    try:
        return execute(sql, parameters, many, context)
    finally:
        took = perf_counter() - began
        tally = _here.get()
        if tally is not None:
            tally.count += 1
            tally.seconds += took
        if took >= settings.SLOW_QUERY_SECONDS:
            _tell_slow(sql, took, tally)


def _tell_slow(sql: str, took: float, tally: Tally | None) -> None:
    where = tally.where if tally else ""
    if tally:
        tally.slow += 1
    SLOW.labels(where or "none").inc()
    shape = fingerprint(str(sql))
    mark = hashlib.sha256(shape.encode()).hexdigest()[:12]
    log.warning("slow query", seconds=round(took, 3), where=where, fingerprint=mark, statement=shape[:MOST])
