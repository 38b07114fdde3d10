"""Who fell silent, who is late, who is back: the link of an access point when no fact tells it.

Connecting and disconnecting are facts. This watches for what leaves none: an access point
that stopped talking while its connection stayed, an outpost that died with its sessions,
facts that were lost.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from django.db.models import QuerySet

from devices.live_store import live_store
from devices.models import AccessPoint, Event, Link
from devices.transactions import run_transaction
from devices.upsert import upsert
from outpost.store.contract import Reported

T = TypeVar("T")
BATCH = 1000
# A state message is due every 60 s: two missing make it late, four or five offline.
LATE_AFTER = 150.0  # seconds
OFFLINE_AFTER = 300.0
# Its connection ended, and the fact that says so had this long to arrive by itself.
FACT_LOST_AFTER = 30.0
_WATCHED = (Link.ONLINE, Link.LATE, Link.OFFLINE)


def link_of(link: Link, reported: Reported, now: float) -> Link:
    """The link, from the one it had and what the live store last heard; ``now`` in Unix seconds.

    The live store may have been lost a moment ago: who it does not know is late first, and
    offline only when it is still unknown at the next look.
    """
    if link not in _WATCHED:
        return link
    if not reported.session:
        return Link.LATE if link == Link.ONLINE else Link.OFFLINE
    silent = now - max(reported.last_seen, reported.connected_at)
    if not reported.connected:
        return Link.OFFLINE if silent >= FACT_LOST_AFTER else link
    if silent >= OFFLINE_AFTER:
        return Link.OFFLINE
    return Link.LATE if silent >= LATE_AFTER else Link.ONLINE


def watch(now: float | None = None) -> int:
    """Settle the links of those who fell silent and of those who were late. Returns how many changed.

    No statement at all while nobody is silent or late. Raises ``StoreUnavailable``.
    """
    now = time.time() if now is None else now
    changed = 0
    for serials in _silent(now):
        changed += _settle(AccessPoint.objects.filter(serial__in=serials, link__in=_WATCHED), now)
    late = AccessPoint.objects.filter(link=Link.LATE).order_by("pk").values_list("pk", flat=True)
    for pks in _batches(list(late)):
        changed += _settle(AccessPoint.objects.filter(pk__in=pks), now)
    return changed


def compare_all(now: float | None = None) -> Iterator[int]:
    """Settle the link of every access point that ever connected. Yields after every batch how many changed.

    For what no fact and no silence tells: rows called online that the live store does not know.
    """
    now = time.time() if now is None else now
    watched = AccessPoint.objects.filter(link__in=_WATCHED).order_by("pk").values_list("pk", flat=True)
    for pks in _batches(list(watched)):
        yield _settle(AccessPoint.objects.filter(pk__in=pks), now)


def _silent(now: float) -> Iterator[list[str]]:
    """Serials last heard of too long ago; those offline by now leave the presence set."""
    store = live_store()
    while gone := store.presence_before(now - OFFLINE_AFTER, BATCH):
        serials = [serial for serial, _ in gone]
        yield serials
        store.forget_presence(serials)
    for batch in _batches(store.presence_before(now - LATE_AFTER, limit=100 * BATCH)):
        yield [serial for serial, _ in batch]


def _settle(rows: "QuerySet[AccessPoint]", now: float) -> int:
    """Compare a batch with the live store; write only what differs, and its line in the log once."""
    found = list(rows.values_list("serial", "link"))
    reports = {one.serial: one for one in live_store().reported([serial for serial, _ in found])}
    wrong = [serial for serial, link in found if link_of(Link(link), reports[serial], now) != link]
    return run_transaction(lambda: _write(wrong, reports, now)) if wrong else 0


def _write(serials: Sequence[str], reports: dict[str, Reported], now: float) -> int:
    """Locked and looked at again: ingest may have heard newer things meanwhile."""
    rows = AccessPoint.objects.filter(serial__in=serials).order_by("pk").select_for_update()
    changed, events = [], []
    for row in rows:
        reported = reports[row.serial]
        link = link_of(Link(row.link), reported, now)
        if link == row.link or (reported.session and reported.session < row.session):
            continue
        events += _line(row, link, reported)
        row.offline_since = _since(row, link, reported, now)
        row.link = link
        row.last_seen = max(filter(None, (row.last_seen, _moment(reported.last_seen))), default=None)
        changed.append(row)
    upsert(AccessPoint, changed, ["link", "last_seen", "offline_since"], "id")
    Event.objects.bulk_create(events, ignore_conflicts=True)
    return len(changed)


def _since(row: AccessPoint, link: Link, reported: Reported, now: float) -> datetime | None:
    """Of one the live store does not know, nothing is known but that it is gone now: the store may be new."""
    if link != Link.OFFLINE:
        return None
    return row.offline_since or (_moment(reported.last_seen) if reported.session else None) or _moment(now)


def _line(row: AccessPoint, link: Link, reported: Reported) -> list[Event]:
    """Falling silent and being heard again are news; being late is not. Its id tells it from every other."""
    if Link.OFFLINE not in (row.link, link):
        return []
    kind = "silent" if link == Link.OFFLINE else "heard"
    fact = f"{kind}-{row.serial}-{row.session}-{reported.last_seen:.0f}"
    at = _moment(reported.last_seen) or row.last_seen or row.claimed_at
    return [Event(access_point=row, fact=fact, kind=kind, at=at)]


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _batches(many: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(many)
    while batch := list(islice(rest, BATCH)):
        yield batch
