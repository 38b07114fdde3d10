"""A week the demo's access points never had, so that its charts are not empty on the first day."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Organisation
from devices.models import AccessPoint, Usage
from devices.models.usage import COARSE, FINE

FINE_FOR, COARSE_FOR = timedelta(hours=24), timedelta(days=7)
GUESTS = 0.7  # of everybody
PACE = 45_000  # bytes a second that one client downloads
AT_ONCE = 2000


def remember(organisation: Organisation, now: datetime) -> None:
    """Usage of the week until now: quiet nights, lunch and evening peaks, each place by its own clock."""
    rows = AccessPoint.objects.of(organisation).select_related("network")
    Usage.objects.bulk_create(
        [usage for number, row in enumerate(rows) for usage in _week(row, 3 + number % 5, now)],
        batch_size=AT_ONCE,
        ignore_conflicts=True,
    )


def _week(access_point: AccessPoint, crowd: int, now: datetime) -> Iterator[Usage]:
    ssids = list(access_point.network.ssids.values_list("name", flat=True))
    shares = {"": 1.0} | {ssid: GUESTS if "Guest" in ssid else 1 - GUESTS for ssid in ssids}
    for seconds, length in ((FINE, FINE_FOR), (COARSE, COARSE_FOR)):
        for at in _beginnings(now, seconds, length):
            for ssid, share in shares.items():
                if seconds == COARSE or not ssid:
                    yield _row(access_point, ssid, seconds, at, share * _crowd(access_point, crowd, at))


def _beginnings(now: datetime, seconds: int, length: timedelta) -> Iterator[datetime]:
    last = now - timedelta(seconds=now.timestamp() % seconds)
    return (last - timedelta(seconds=n * seconds) for n in range(1, int(length.total_seconds()) // seconds))


def _crowd(access_point: AccessPoint, most: int, at: datetime) -> float:
    """Clients by the hour of the place: few at night, most at lunch and in the evening."""
    local = at.astimezone(ZoneInfo(access_point.network.timezone))
    hour = local.hour + local.minute / 60
    peaks = math.exp(-(((hour - 13) / 2.5) ** 2)) + math.exp(-(((hour - 20) / 3) ** 2))
    ripple = 0.85 + 0.15 * math.sin(at.timestamp() / 1700 + access_point.pk)
    return most * (0.05 + peaks) * ripple


def _row(access_point: AccessPoint, ssid: str, seconds: int, at: datetime, crowd: float) -> Usage:
    downloaded = int(crowd * PACE * seconds)
    return Usage(
        access_point=access_point,
        network=access_point.network,
        ssid=ssid,
        seconds=seconds,
        at=at,
        clients=math.ceil(crowd),
        downloaded=downloaded,
        uploaded=downloaded // 8,
    )
