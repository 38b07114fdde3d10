"""The transaction that keeps a batch of facts: a constant number of statements, safe to repeat.

The rows of the batch are locked first, so that an access point given up meanwhile is either
still there or already gone; facts of those nobody claims are dropped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Any

import structlog
from django.db import DatabaseError
from django.db.models import Model
from prometheus_client import Counter

from devices.ingest.events import event_of
from devices.ingest.facts import CommandDone, CommandFailed, CommandSent, News, Poison, read
from devices.ingest.merging import merge, merge_command, mute
from devices.ingest.secrecy import masked
from devices.models import AccessPoint, Command, Configuration, Event, Task
from devices.models.command import CommandKind
from devices.transactions import is_away, run_transaction
from devices.upsert import upsert
from outpost.store.contract import Fact

BATCH = 500
# Of JSON, which SQL's quoting may double. A packet beyond max_allowed_packet (MariaDB's default: 16 MB)
# can look like a server that is away, and would be tried for ever.
BATCH_BYTES = 4 * 1024 * 1024
POISONED = Counter(
    "aerie_facts_poisoned_total", "Facts that could not be recorded and were skipped", ["kind"]
)
log = structlog.get_logger(__name__)
# What a fact can cause. Anything else comes from outside, as a job's time limit does: no fact is to blame.
OFFENCES = (
    DatabaseError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)

_HEARD = (
    "link",
    "first_seen",
    "last_seen",
    "offline_since",
    "connected_at",
    "session",
    "address",
    "model",
    "compatible",
    "firmware",
    "boot_reason",
    "capabilities",
    "muted_until",
)
_ANSWERED = (
    "reported_uuid",
    "reported_at",
    "sent_uuid",
    "sent_at",
    "applied_uuid",
    "applied_at",
    "refused_uuid",
    "refused_at",
    "rejected",
)


@dataclass
class Recorded:
    """How many facts were kept, dropped because nobody claims their access point, and skipped as poison."""

    kept: int = 0
    unclaimed: int = 0
    poisoned: int = 0


def record(facts: Iterable[Fact], *, adopting: bool = False) -> Recorded:
    """Keep facts in MySQL, in batches; each batch is all or nothing, and may be recorded again.

    A fact that cannot be kept is skipped, counted and logged without its content: it never
    holds up the others. ``adopting``: publishing asked, so neither log lines nor another
    publication follow. Raises Django's ``OperationalError`` when MySQL is away.
    """
    outcome = Recorded()
    rest = iter(facts)
    while batch := list(islice(rest, BATCH)):
        news = _read(batch, outcome)
        _keep(news, adopting, outcome)
    return outcome


def _read(batch: Sequence[Fact], outcome: Recorded) -> list[News]:
    news: dict[str, News] = {}
    for fact in batch:
        try:
            news[fact.id] = read(fact)
        except Poison as poison:
            _skip(fact.kind, str(poison), outcome)
    return list(news.values())


def _keep(news: Sequence[News], adopting: bool, outcome: Recorded) -> None:
    """The whole batch, or, when MySQL takes offence at something in it, each half by itself."""
    if not news:
        return
    if len(news) > 1 and sum(one.size for one in news) > BATCH_BYTES:
        _keep_halves(news, adopting, outcome)
        return
    try:
        kept = run_transaction(lambda: _write(news, adopting))
    except OFFENCES as error:
        if is_away(error):
            raise
        if len(news) > 1:
            _keep_halves(news, adopting, outcome)
        else:
            _skip(type(news[0].content).__name__, type(error).__name__, outcome)
        return
    outcome.kept += kept
    outcome.unclaimed += len(news) - kept


def _keep_halves(news: Sequence[News], adopting: bool, outcome: Recorded) -> None:
    middle = len(news) // 2
    _keep(news[:middle], adopting, outcome)
    _keep(news[middle:], adopting, outcome)


def _skip(kind: str, why: str, outcome: Recorded) -> None:
    """Neither the serial nor a word of the fact: it may hold anything."""
    outcome.poisoned += 1
    POISONED.labels(kind if kind.isidentifier() else "unknown").inc()
    log.warning("fact skipped", kind=kind[:40], why=why)


def _write(news: Sequence[News], adopting: bool) -> int:
    """One batch. Returns how many facts had somebody to belong to."""
    batch = _Batch.load({one.serial for one in news})
    ours = masked([one for one in news if one.serial in batch.rows])
    batch.take(ours)
    commands = _Commands.load(
        [one for one in ours if isinstance(one.content, CommandSent | CommandDone | CommandFailed)]
    )
    commands.take(batch)
    batch.save()
    commands.save()
    if not adopting:
        events = [event_of(batch.rows[one.serial].access_point, one, commands.of(one)) for one in ours]
        Event.objects.bulk_create([event for event in events if event], ignore_conflicts=True)
        batch.publish()
    return len(ours)


@dataclass
class _Row:
    """One access point and its configuration, and what they were when they were loaded."""

    access_point: AccessPoint
    configuration: Configuration
    before: dict[str, Any] = field(init=False)
    before_configuration: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.before = _values(self.access_point, _HEARD)
        self.before_configuration = _values(self.configuration, _ANSWERED)

    @property
    def heard(self) -> bool:
        return _values(self.access_point, _HEARD) != self.before

    @property
    def answered(self) -> bool:
        return _values(self.configuration, _ANSWERED) != self.before_configuration

    @property
    def unpublished(self) -> bool:
        """It told what it has, for the first time or anew; or it runs a number above ours."""
        new = self.access_point.capabilities != self.before["capabilities"]
        row = self.configuration
        ahead = row.reported_uuid > row.uuid and row.reported_at != self.before_configuration["reported_at"]
        return new or (ahead and row.uuid > 0)


class _Batch:
    """The rows of a batch's access points, locked."""

    def __init__(self, access_points: Iterable[AccessPoint]) -> None:
        self.rows = {one.serial: _Row(one, one.configuration) for one in access_points}

    @classmethod
    def load(cls, serials: set[str]) -> "_Batch":
        # By primary key and in its order, as publishing does: locks taken in one order do not deadlock.
        pks = list(AccessPoint.objects.filter(serial__in=serials).values_list("pk", flat=True))
        rows = AccessPoint.objects.filter(pk__in=pks, configuration__isnull=False).order_by("pk")
        return cls(rows.select_related("configuration").select_for_update() if pks else [])

    def take(self, news: Sequence[News]) -> None:
        for one in news:
            row = self.rows[one.serial]
            merge(row.access_point, row.configuration, one)

    def save(self) -> None:
        """Two statements at most; none when the facts were known."""
        upsert(AccessPoint, [row.access_point for row in self.rows.values() if row.heard], _HEARD, "id")
        answered = [row.configuration for row in self.rows.values() if row.answered]
        upsert(Configuration, answered, _ANSWERED, "access_point")

    def publish(self) -> None:
        """One task for all that need it, whatever networks they are in."""
        pks = sorted(row.access_point.pk for row in self.rows.values() if row.unpublished)
        if pks:
            digest = sha256(repr(pks).encode()).hexdigest()[:32]
            Task.promise("publish", f"publish:told:{digest}", {"access_points": pks})


def _values(row: Model, columns: Sequence[str]) -> dict[str, Any]:
    return {column: getattr(row, column) for column in columns}


class _Commands:
    """The commands a batch tells of, locked; each answers only to its own access point."""

    def __init__(self, rows: Mapping[tuple[int, str], Command], news: Sequence[News]) -> None:
        self._met = [(row, one) for one in news if (row := rows.get((_asked(one), one.serial)))]
        self._by_fact = {one.id: row for row, one in self._met}

    @classmethod
    def load(cls, news: Sequence[News]) -> "_Commands":
        if not news:
            return cls({}, ())
        found = Command.objects.filter(pk__in={_asked(one) for one in news}).order_by("pk")
        rows = found.select_for_update().select_related("access_point")
        return cls({(row.pk, row.access_point.serial): row for row in rows}, news)

    def of(self, news: News) -> Command | None:
        return self._by_fact.get(news.id)

    def take(self, batch: _Batch) -> None:
        for row, one in self._met:
            merge_command(row, one)
            mute(batch.rows[one.serial].access_point, row, one)

    def save(self) -> None:
        """One statement, and one more where something was found that is worth keeping."""
        rows = list({row.pk: row for row, _ in self._met}.values())
        if rows:
            Command.objects.bulk_update(rows, ["state", "sent_at", "ended_at", "text"])
        scans = [row for row in rows if row.kind == CommandKind.WIFISCAN and row.result is not None]
        if scans:
            Command.objects.bulk_update(scans, ["result"])


def _asked(news: News) -> int:
    return news.content.command  # type: ignore[union-attr,no-any-return]
