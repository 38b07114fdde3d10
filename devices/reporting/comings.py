"""How long access points were online, by the log of their comings and goings: read for many at once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Max

from devices.models import AccessPoint, Event
from devices.reporting.availability import ARRIVALS, DEPARTURES, KINDS, Change, Online, time_online

ACCESS_POINTS = 500  # whose log is read at once

Span = tuple[datetime, datetime]  # from the first moment until right before the second


def online(batch: Sequence[AccessPoint], *spans: Span) -> list[dict[int, Online]]:
    """For each span, by primary key: those that had connected by its end. Two statements for all spans."""
    start, end = min(first for first, _ in spans), max(last for _, last in spans)
    log, before = _log(batch, start, end), _before(batch, start)
    was = {row.pk: before.get(row.pk, _started_online(row, log[row.pk])) for row in batch}
    return [
        {
            row.pk: time_online(was[row.pk], log[row.pk], max(first, row.first_seen), last)
            for row in batch
            if row.first_seen and row.first_seen < last
        }
        for first, last in spans
    ]


def _log(batch: Sequence[AccessPoint], start: datetime, end: datetime) -> dict[int, list[Change]]:
    rows = Event.objects.filter(access_point__in=batch, kind__in=KINDS, at__gte=start, at__lt=end).order_by(
        "at", "pk"
    )
    log = defaultdict(list)
    for pk, at, kind, data in rows.values_list("access_point", "at", "kind", "data"):
        log[pk].append(Change(at, kind, _session(data)))
    return log


def _before(batch: Sequence[AccessPoint], start: datetime) -> dict[int, bool]:
    """Whether each was online when it began, by the last of its comings and goings until then."""
    rows = Event.objects.filter(access_point__in=batch, kind__in=KINDS, at__lt=start).order_by()
    last: dict[int, tuple[datetime, bool]] = {}
    for pk, kind, at in rows.values_list("access_point", "kind").annotate(Max("at")):
        last[pk] = max(last.get(pk, (at, False)), (at, kind in ARRIVALS))
    return {pk: was_online for pk, (_, was_online) in last.items()}


def _started_online(row: AccessPoint, log: Sequence[Change]) -> bool:
    """Whether one whose earlier log is no longer kept was online: by what came first, or else by what is."""
    return log[0].kind in DEPARTURES if log else row.online


def _session(data: object) -> int:
    session = data.get("session") if isinstance(data, dict) else None
    return session if isinstance(session, int) else 0
