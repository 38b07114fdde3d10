"""Looks at every access point online and writes down what its Wi-Fi moved since the last look.

A look that was written down is not counted again, however often and by however many workers:
the state it came from is no newer than the counters kept.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from devices.live_store import live_store
from devices.models import AccessPoint, Link, Usage, UsageCounter
from devices.models.usage import FINE
from devices.reported import State, states
from devices.transactions import run_transaction
from devices.upsert import upsert
from devices.usage.counting import Traffic, moved, readings, slots, spread

BATCH = 500
STALE = 600.0  # seconds: an older state says nothing about now
_Key = tuple[int, datetime, str]


@dataclass(frozen=True)
class Look:
    """A state and when the access point reported it, Unix seconds."""

    state: State
    at: float

    def clients(self) -> dict[str, int]:
        """How many by SSID; under the empty name, in all."""
        macs = {client.mac: client.ssid.rstrip(" ") for client in self.state.clients}
        names = list(macs.values())
        return {"": len(names)} | {name: names.count(name) for name in set(names) if name}


def measure(now: float | None = None) -> int:
    """Write down what was used since the last time, in batches. Returns how many access points told of it.

    A constant number of statements for each batch of 500. Raises ``StoreUnavailable``.
    """
    now = time.time() if now is None else now
    return sum(run_transaction(lambda looks=looks: _write(looks)) for looks in _looks(now))  # type: ignore[misc]


def _looks(now: float) -> Iterator[dict[int, Look]]:
    store, after = live_store(), 0
    online = AccessPoint.objects.filter(link__in=(Link.ONLINE, Link.LATE)).order_by("pk")
    while rows := list(online.filter(pk__gt=after).values_list("pk", "serial")[:BATCH]):
        after = rows[-1][0]
        told = zip(rows, states(store, [serial for _, serial in rows]), strict=True)
        yield {
            pk: Look(state, reported.state_at)
            for (pk, _), (reported, state) in told
            if reported.connected and now - STALE <= reported.state_at <= now + STALE
        }


def _write(looks: dict[int, Look]) -> int:
    """One batch, its access points locked: nobody else counts them meanwhile, and none is given up."""
    locked = AccessPoint.objects.filter(pk__in=looks).order_by("pk").select_for_update()
    networks = dict(locked.values_list("pk", "network_id")) if looks else {}
    kept = UsageCounter.objects.in_bulk(networks) if networks else {}
    fresh = {pk: looks[pk] for pk in networks if pk not in kept or _moment(looks[pk].at) > kept[pk].at}
    if fresh:
        _save([row for pk, look in fresh.items() for row in _rows(pk, networks[pk], look, kept.get(pk))])
        counters = [
            UsageCounter(access_point_id=pk, at=_moment(look.at), counters=readings(look.state))
            for pk, look in fresh.items()
        ]
        upsert(UsageCounter, counters, ["at", "counters"], "access_point")
    return len(fresh)


def _rows(pk: int, network: int, look: Look, kept: UsageCounter | None) -> Iterator[Usage]:
    """What this look adds, by SSID and in all, to each of the five minutes since the last one."""
    start = kept.at.timestamp() if kept else look.at
    added = _by_name(moved(kept.counters if kept else None, look.state, look.at - start))
    clients, touched = look.clients(), slots(start, look.at)
    for name in {"", *added, *clients}:
        traffic = added.get(name, Traffic())
        down, up = spread(traffic[0], start, look.at), spread(traffic[1], start, look.at)
        for slot, downloaded, uploaded in zip(touched, down, up, strict=True):
            # Who is there now was there a moment ago, but hardly before a long silence.
            there = clients.get(name, 0) if touched[-1] - slot <= FINE else 0
            if not name or there or downloaded or uploaded:
                yield Usage(
                    network_id=network,
                    access_point_id=pk,
                    ssid=name,
                    at=_moment(slot),
                    clients=there,
                    downloaded=downloaded,
                    uploaded=uploaded,
                )


def _by_name(added: dict[str, Traffic]) -> dict[str, Traffic]:
    """Under the names that the database tells apart, and the total; a nameless SSID is in the total alone."""
    found: dict[str, Traffic] = {}
    for ssid, traffic in added.items():
        for name in {"", ssid.rstrip(" ")}:
            found[name] = found.get(name, Traffic()) + traffic
    return found


def _save(added: Sequence[Usage]) -> None:
    """On top of what the rows hold already."""
    known = Usage.objects.filter(
        access_point__in={row.access_point_id for row in added},
        seconds=FINE,
        at__in={row.at for row in added},
    )
    rows: dict[_Key, Usage] = {_key(row): row for row in known}
    for one in added:
        row = rows.setdefault(_key(one), one)
        if row is not one:
            row.clients = max(row.clients, one.clients)
            row.downloaded += one.downloaded
            row.uploaded += one.uploaded
    touched = {_key(row) for row in added}
    changed = [row for key, row in rows.items() if key in touched]
    upsert(Usage, changed, ["clients", "downloaded", "uploaded"], "access_point", "seconds", "at", "ssid")


def _key(row: Usage) -> _Key:
    return row.access_point_id, row.at, row.ssid


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
