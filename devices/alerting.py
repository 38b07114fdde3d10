"""Alerts: opened for whoever is offline too long, joined by the next ones, closed when all are back.

A look costs so many statements for a thousand access points that are due, however many networks they
are in, and touches only networks with something to do. The network's row is taken first (skipping those
in other hands), so that any number of watchers open one alert and promise its mails once; a watcher that
dies leaves all or nothing.

What keeps an outage of our own from mailing everybody: presence calls somebody the live store does
not know late before it calls them offline, and then counts from that moment; before an alert opens
the live store itself is asked, and while it is away none opens; and when at least half of all
access points of several organisations fall silent within an hour, their alerts wait for
``alerts.PATIENCE`` longer.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from devices import alerts
from devices.alerts import Fallen, Silent, Step
from devices.live_store import live_store
from devices.models import AccessPoint, Alert, Link, Network, RolloutTarget, Task
from devices.models.alert import DEFAULT, AlertAfter
from devices.presence import link_of
from devices.rollouts.windows import Window
from devices.transactions import run_transaction
from devices.upsert import upsert
from outpost.store.contract import StoreUnavailable

BATCH = 1000
REACHABLE = (Link.ONLINE, Link.LATE)
# Rows from before ``offline_since`` was kept have only the last sign of life; see AccessPoint.silent_since.
SINCE = Coalesce("offline_since", "last_seen", "claimed_at")
COLUMNS = (
    "pk", "serial", "network", "minutes", "since", "muted_until", "upgrading",
    "network__window_start", "network__window_end", "network__timezone",
)  # fmt: skip
OPENED, CLOSED = "opened", "closed"
log = structlog.get_logger(__name__)


def look(now: datetime) -> int:
    """Open, join, calm and close what is due. Returns how many alerts opened or closed."""
    return _open(now) + _close(now)


# --- opening ----------------------------------------------------------------------------------


def _open(now: datetime) -> int:
    due = _due(now)
    return sum(run_transaction(partial(_write, due[n : n + BATCH], now)) for n in range(0, len(due), BATCH))


def _due(now: datetime) -> list[Silent]:
    """Network by network. All are looked at: thousands that are excused must not hide one that is not."""
    due = [one for one in map(_value, _silent(now).iterator(chunk_size=BATCH)) if alerts.is_due(one, now)]
    if due and alerts.looks_like_ours(_fallen(now)):
        log.error("alerts held: everybody fell silent at once", access_points=len(due))
        due = [one for one in due if alerts.is_due(one, now, alerts.PATIENCE)]
    return _truly_silent(due, now) if due else []


def _silent(now: datetime) -> "QuerySet[AccessPoint, Any]":
    """Offline for as long as its rule asks, told of by no alert, in networks that want to be told."""
    rule = Q()
    for minutes in (AlertAfter.FIVE, AlertAfter.FIFTEEN, AlertAfter.SIXTY):
        rule |= Q(minutes=minutes, since__lte=now - timedelta(minutes=minutes))
    return (
        AccessPoint.objects.filter(link=Link.OFFLINE, alert=None)
        .annotate(
            since=SINCE,
            minutes=Coalesce("network__alert_rule__minutes", int(DEFAULT)),
            upgrading=Exists(RolloutTarget.objects.filter(slot=OuterRef("serial"))),
        )
        .filter(rule)
        .order_by("network", "pk")
        .values_list(*COLUMNS, named=True)
    )


def _value(row: Any) -> Silent:
    return Silent(
        pk=row.pk,
        serial=row.serial,
        network=row.network,
        minutes=row.minutes,
        since=row.since,
        muted_until=row.muted_until,
        upgrading=row.upgrading,
        window=Window(row.network__window_start, row.network__window_end, row.network__timezone),
    )


def _fallen(now: datetime) -> Fallen:
    recently = AccessPoint.objects.filter(link=Link.OFFLINE, offline_since__gt=now - alerts.RECENTLY)
    counts = recently.aggregate(
        silent=Count("pk"), organisations=Count("network__organisation", distinct=True)
    )
    reachable = AccessPoint.objects.filter(link__in=REACHABLE).count()
    return Fallen(counts["silent"], counts["organisations"], reachable)


def _truly_silent(due: Sequence[Silent], now: datetime) -> list[Silent]:
    """Without those the live store knows to be back: their facts may be late. While it is away, nobody."""
    store, known = live_store(), {}
    try:
        for n in range(0, len(due), BATCH):
            reports = store.reported([one.serial for one in due[n : n + BATCH]])
            known |= {one.serial: one for one in reports}
    except StoreUnavailable:
        log.warning("no alert opens while the live store is away", access_points=len(due))
        return []
    offline = Link.OFFLINE
    return [one for one in due if link_of(offline, known[one.serial], now.timestamp()) == offline]


def _write(due: Sequence[Silent], now: datetime) -> int:
    """Locked and looked at again. Returns how many alerts opened."""
    networks = Network.objects.filter(pk__in={one.network for one in due}).order_by("pk")
    mine = {row.pk for row in networks.select_for_update(skip_locked=True)}
    rows = AccessPoint.objects.filter(
        pk__in=[one.pk for one in due], network__in=mine, link=Link.OFFLINE, alert=None
    )
    silent: dict[int, list[AccessPoint]] = defaultdict(list)
    for row in rows.order_by("pk").select_for_update():
        silent[row.network_id].append(row)
    return _tell(silent, now) if silent else 0


def _tell(silent: dict[int, list[AccessPoint]], now: datetime) -> int:
    joined = {one.open_for: one for one in Alert.objects.filter(open_for__in=silent).select_for_update()}
    fresh = [Alert(network_id=pk, open_for=pk, opened_at=now) for pk in silent if pk not in joined]
    Alert.objects.bulk_create(fresh)
    of = {one.open_for: one for one in Alert.objects.filter(open_for__in=silent)}
    for network, rows in silent.items():
        alert = of[network]
        alert.serials = sorted({*alert.serials, *(row.serial for row in rows)})
        alert.calm_since = None
        for row in rows:
            row.alert = alert
    upsert(Alert, list(of.values()), ["serials", "calm_since"], "id")
    upsert(AccessPoint, [row for rows in silent.values() for row in rows], ["alert"], "id")
    _promise(OPENED, [of[one.open_for].pk for one in fresh])
    return len(fresh)


# --- closing ----------------------------------------------------------------------------------


def _close(now: datetime) -> int:
    return run_transaction(lambda: _settle(now))


def _settle(now: datetime) -> int:
    """Returns how many alerts closed."""
    steps: dict[Step, list[int]] = defaultdict(list)
    for alert in _unsettled(now).select_for_update(skip_locked=True)[:BATCH]:
        steps[alerts.next_step(alert.missed, alert.calm_since, now)].append(alert.pk)  # type: ignore[attr-defined]
    if calm := steps[Step.CALM]:
        Alert.objects.filter(pk__in=calm).update(calm_since=now)
    if relapsed := steps[Step.RELAPSE]:
        Alert.objects.filter(pk__in=relapsed).update(calm_since=None)
    if over := steps[Step.CLOSE]:
        Alert.objects.filter(pk__in=over).update(closed_at=F("calm_since"), open_for=None)
        AccessPoint.objects.filter(alert__in=over).update(alert=None)
        _promise(CLOSED, over)
    return len(steps[Step.CLOSE])


def _unsettled(now: datetime) -> QuerySet[Alert]:
    """Open alerts with something to do, each with whether somebody is still missed."""
    excused = Q(muted_until__isnull=False, muted_until__gt=now, since__gt=now - alerts.LONGEST_MUTE)
    here = AccessPoint.objects.filter(alert=OuterRef("pk"), network=OuterRef("network"), link=Link.OFFLINE)
    still = here.annotate(since=SINCE).exclude(excused)
    wanted = ~Q(network__alert_rule__minutes=AlertAfter.NEVER) | Q(network__alert_rule=None)
    return (
        Alert.objects.filter(open_for__isnull=False)
        .annotate(missed=Exists(still.filter(wanted)))
        .filter(
            Q(missed=False, calm_since=None)
            | Q(missed=True, calm_since__isnull=False)
            | Q(missed=False, calm_since__lte=now - alerts.STABLE)
        )
        .order_by("pk")
    )


def _promise(what: str, pks: Sequence[int]) -> None:
    """One task for all of a look; it writes to whom each of them concerns."""
    if pks:
        key = f"alert-mails:{what}:{min(pks)}-{max(pks)}-{len(pks)}"
        Task.promise("alert-mails", key, {"what": what, "alerts": list(pks)})
