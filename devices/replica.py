"""Reading from the replica, where some seconds of age do no harm: reports, exports, statistics.

Code says so with ``with reads(): …``, ``@reads()`` or ``streamed(rows)``; everything else reads the
primary. So does what runs inside a transaction of the primary, whoever has just written, and
everybody while the replica is away or behind. Without a replica all of this is nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from itertools import islice
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.utils import timezone as clock

from devices.models import Heartbeat
from devices.replica_health import ALIAS, BELIEVED, HEALTH, Why

# How long whoever wrote reads the primary: what is older is on every replica that counts as fit. The mark of
# a write tells whole seconds, rounded down, and clocks of instances are allowed to differ by one.
OWN_WRITES = settings.DATABASE_REPLICA_MAX_LAG + BELIEVED + 2.0  # seconds

# Rows about us rather than about anything a user could look for.
BOOKKEEPING = frozenset(
    {"cache", "devices_heartbeat", "devices_task", "django_session", "jobs_occasion"}
    | {"usersessions_usersession", "accounts_answer"}
)
_WRITE = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b\s*(?:[A-Z]+\s+)*[`\"]?(\w*)", re.IGNORECASE)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Writes:
    """Whether the request or the job at work has written, or its person a moment before.

    It counts to the end: a transaction may commit long after its first statement.
    """

    here: bool = False
    before: bool = False


_writes: ContextVar[Writes | None] = ContextVar("writes", default=None)


@dataclass
class _Block:
    """One stretch of reads. Once it has turned to the primary it stays there: time never runs backwards."""

    writes: Writes | None = field(default_factory=_writes.get)
    may_ask: bool = True
    asked: bool = False

    @property
    def wrote(self) -> bool:
        return self.writes is not None and (self.writes.here or self.writes.before)


_block: ContextVar[_Block | None] = ContextVar("block", default=None)


def is_configured() -> bool:
    return ALIAS in connections.databases


def alias() -> str:
    """The database a read goes to now."""
    block = _block.get()
    if block is None or not block.may_ask or not is_configured():
        return DEFAULT_DB_ALIAS
    if connections[DEFAULT_DB_ALIAS].in_atomic_block or block.wrote:
        return DEFAULT_DB_ALIAS
    if why := HEALTH.why_not():
        _fall_back(block, why)
        return DEFAULT_DB_ALIAS
    if not block.asked:
        # A connection from before the replica was restarted is found out by a ping, not by a failed read.
        connections[ALIAS].close_if_unusable_or_obsolete()
        block.asked = True
    return ALIAS


class reads:  # noqa: N801 - reads as a statement
    """``with reads():`` or ``@reads()``: what is read in it may be some seconds old.

    A decorated function runs once more, on the primary, when the replica fails in the middle of it
    and it wrote nothing. Out of a ``with`` the error goes on, for its body cannot be run again.

    ``after_writes``: also after a write of one's own, where those were mere book-keeping.
    """

    def __init__(self, *, after_writes: bool = False) -> None:
        self._after_writes = after_writes

    def _here(self) -> _Block:
        return _block.get() or (_Block(writes=None) if self._after_writes else _Block())

    def __enter__(self) -> None:
        self._entered = _inside(self._here())
        self._entered.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        block = _block.get()
        if isinstance(error, Error) and block is not None and _failed_there(block):
            _give_up(block)
        self._entered.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def reading(*args: P.args, **kwargs: P.kwargs) -> T:
            return _run(self._here(), lambda: function(*args, **kwargs))

        return reading


def streamed(rows: Callable[[], Iterable[T]]) -> Iterator[T]:
    """The rows, each read as in ``reads()``, also when the response is sent after its view has returned.

    When the replica fails before the first row, ``rows`` is called again and the primary asked.
    """
    return _stream(_Block(), rows)


def beat() -> None:
    """Write the heartbeat; every two seconds or so, by whoever leads. How old it is there tells the lag."""
    now = clock.now()
    if not Heartbeat.objects.filter(pk=1).update(at=now):
        Heartbeat.objects.bulk_create([Heartbeat(pk=1, at=now)], ignore_conflicts=True)


@contextmanager
def watching_writes(recent: bool = False) -> Iterator[Writes]:
    """For a request or a job: what it writes to the primary sends its later reads there.

    ``recent`` when the same person wrote a moment ago, on whatever instance.
    """
    writes = Writes(before=recent)
    token = _writes.set(writes)

    def watch(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if is_write(sql):
            writes.here = True
        return execute(sql, parameters, many, context)

    try:
        with connections[DEFAULT_DB_ALIAS].execute_wrapper(watch):
            yield writes
    finally:
        _writes.reset(token)


def is_write(sql: str) -> bool:
    """Whether the statement changes what somebody could look for."""
    found = _WRITE.match(sql)
    return found is not None and found[1].lower() not in BOOKKEEPING


@contextmanager
def _inside(block: _Block) -> Iterator[None]:
    token = _block.set(block)
    try:
        yield
    finally:
        _block.reset(token)


def _run(block: _Block, work: Callable[[], T]) -> T:
    with _inside(block):
        try:
            return work()
        except Error:
            if not _failed_there(block):
                raise
        _give_up(block)
        return work()


def _failed_there(block: _Block) -> bool:
    """Not every database error is the replica's: the work may have asked the primary, or asked nonsense."""
    if not (block.asked and block.may_ask) or block.wrote:
        return False
    return connections[ALIAS].errors_occurred


def _give_up(block: _Block) -> None:
    HEALTH.broke()
    connections[ALIAS].close()
    _fall_back(block, Why.BROKE)


def _fall_back(block: _Block, why: Why) -> None:
    block.may_ask = False
    HEALTH.fell_back(why)


def _stream(block: _Block, rows: Callable[[], Iterable[T]]) -> Iterator[T]:
    def begin() -> tuple[Iterator[T], list[T]]:
        iterator = iter(rows())
        return iterator, list(islice(iterator, 1))

    iterator, first = _run(block, begin)
    yield from first
    while True:
        with _inside(block):
            try:
                row = next(iterator)
            except StopIteration:
                return
        yield row
