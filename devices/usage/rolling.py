"""Hours out of five minutes: what charts of a week, and reports of a month, are drawn from."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Max, Min, Sum

from devices.models import AccessPoint, Usage
from devices.models.usage import COARSE, FINE
from devices.transactions import run_transaction
from devices.upsert import upsert

BATCH = 500
HOUR = timedelta(hours=1)
AGAIN = 2 * HOUR  # what an access point tells late is spread over the hour before


def roll_up(now: datetime) -> int:
    """Make the hours since the last roll-up anew, the present one included. Returns how many rows it wrote.

    Doing it again changes nothing; after an outage it catches up with as much as is kept.
    """
    return sum(_roll_hour(hour) for hour in _hours(now))


def _hours(now: datetime) -> Iterator[datetime]:
    oldest = Usage.objects.filter(seconds=FINE).aggregate(at=Min("at"))["at"]
    newest = Usage.objects.filter(seconds=COARSE).aggregate(at=Max("at"))["at"]
    if oldest is None:
        return
    hour = max(oldest, newest - AGAIN) if newest else oldest
    hour = hour.replace(minute=0, second=0, microsecond=0)
    while hour <= now:
        yield hour
        hour += HOUR


def _roll_hour(hour: datetime) -> int:
    after, written = 0, 0
    every = AccessPoint.objects.order_by("pk")
    while pks := list(every.filter(pk__gt=after).values_list("pk", flat=True)[:BATCH]):
        after = pks[-1]
        written += run_transaction(lambda pks=pks: _write(pks, hour))  # type: ignore[misc]
    return written


def _write(pks: list[int], hour: datetime) -> int:
    """One batch, locked: none of them is given up before its row is in."""
    locked = AccessPoint.objects.filter(pk__in=pks).order_by("pk").select_for_update()
    fine = Usage.objects.filter(seconds=FINE, at__gte=hour, at__lt=hour + HOUR)
    sums = (
        fine.filter(access_point__in=list(locked.values_list("pk", flat=True)))
        .values("access_point_id", "ssid")
        .annotate(
            network_id=Max("network_id"), most=Max("clients"), down=Sum("downloaded"), up=Sum("uploaded")
        )
    )
    rows = [
        Usage(
            network_id=one["network_id"],
            access_point_id=one["access_point_id"],
            ssid=one["ssid"],
            seconds=COARSE,
            at=hour,
            clients=one["most"],
            downloaded=one["down"],
            uploaded=one["up"],
        )
        for one in sums
    ]
    columns = ["network", "clients", "downloaded", "uploaded"]
    upsert(Usage, rows, columns, "access_point", "seconds", "at", "ssid")
    return len(rows)
