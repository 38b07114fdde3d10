"""A network's usage as a chart shows it: points in time, gaps where nothing was counted."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Sum

from devices.models import Network, Usage
from devices.models.usage import COARSE, FINE


@dataclass(frozen=True)
class Span:
    """How far back a chart goes, from which rows, and how many seconds a point covers."""

    length: timedelta
    seconds: int
    step: int


DAY = Span(timedelta(hours=24), FINE, 900)
WEEK = Span(timedelta(days=7), COARSE, 3600)


@dataclass(frozen=True)
class Point:
    """Bytes within the step that begins ``at``, and the most clients; None where nothing was counted."""

    at: datetime
    downloaded: int | None = None
    uploaded: int | None = None
    clients: int | None = None

    def with_more(self, downloaded: int, uploaded: int, clients: int) -> "Point":
        return Point(
            self.at,
            (self.downloaded or 0) + downloaded,
            (self.uploaded or 0) + uploaded,
            max(self.clients or 0, clients),
        )


def series(network: Network, span: Span, now: datetime) -> list[Point]:
    """The span's points up to now, oldest first. One statement."""
    starts = list(_starts(span, now))
    points = {start: Point(datetime.fromtimestamp(start, UTC)) for start in starts}
    rows = network.usage.filter(seconds=span.seconds, ssid="", at__gte=points[starts[0]].at, at__lte=now)
    sums = rows.values_list("at").annotate(Sum("downloaded"), Sum("uploaded"), Sum("clients"))
    for at, downloaded, uploaded, clients in sums.order_by("at"):
        start = int(at.timestamp()) // span.step * span.step
        points[start] = points[start].with_more(int(downloaded), int(uploaded), int(clients))
    return list(points.values())


def _starts(span: Span, now: datetime) -> Iterator[int]:
    last = int(now.timestamp()) // span.step * span.step
    return iter(range(last - int(span.length.total_seconds()) + span.step, last + 1, span.step))


def busiest(
    networks: Collection[int], start: datetime, end: datetime, most: int
) -> list[tuple[str, int, int]]:
    """(SSID, bytes downloaded, uploaded) of the SSIDs that moved the most between two hours."""
    rows = Usage.objects.filter(network__in=networks, seconds=COARSE, at__gte=start, at__lt=end)
    sums = rows.exclude(ssid="").values_list("ssid").annotate(down=Sum("downloaded"), up=Sum("uploaded"))
    ranked = sorted(
        ((str(s), int(d), int(u)) for s, d, u in sums), key=lambda one: (-one[1] - one[2], one[0])
    )
    return ranked[:most]
