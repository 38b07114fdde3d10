"""Counts a month for its report, in many short statements: no statement grows with the organisation."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db.models import Count, Max, QuerySet, Sum

from accounts.models import Organisation
from devices.models import AccessPoint, Alert, Usage
from devices.models.usage import COARSE
from devices.reporting import comings
from devices.reporting.availability import Online
from devices.reporting.comings import ACCESS_POINTS
from devices.reporting.contents import AccessPointMonth, Contents, NetworkMonth, month_end, together

NETWORK_ROWS = 1000  # access points whose day is added up at once
BUSIEST = 10
DAY = timedelta(days=1)

# Told how much is done, from 0 to 1; may raise, which ends it.
Tick = Callable[[float], None]


class Month:
    """One organisation's month, being counted. ``now`` ends it early while it is not over."""

    def __init__(self, organisation: Organisation, month: date, now: datetime) -> None:
        self.organisation, self.month, self.now = organisation, month.replace(day=1), now
        self.start = _midnight(self.month)
        self.end = min(_midnight(month_end(month)), now)
        # Comings and goings before that are not kept, so who was online then nobody knows.
        self.log_known = self.start >= now - timedelta(days=settings.EVENTS_DAYS)
        self.networks = {
            row.pk: NetworkMonth(row.name)
            for row in organisation.networks.filter(created_at__lt=self.end).order_by("name", "pk")
        }
        self.ssids: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.days: dict[date, int] = {}
        # Of each access point: bytes down, bytes up, most clients.
        self.moved: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])

    def gather(self, tick: Tick) -> Contents:
        """Count it. Raises whatever ``tick`` does."""
        self._add_days(lambda done: tick(done / 2))
        access_points = list(self._access_points(lambda done: tick(0.5 + done / 2)))
        self._add_alerts()
        entries = self.organisation.audit_entries.filter(at__gte=self.start, at__lt=self.end)
        return Contents(
            organisation=self.organisation.name,
            month=self.month,
            until=self.end,
            networks=list(self.networks.values()),
            access_points=access_points,
            ssids=self._busiest(),
            days=sorted(self.days.items()),
            changes=entries.count(),
        )

    def _access_points(self, tick: Tick) -> Iterator[AccessPointMonth]:
        rows = AccessPoint.objects.of(self.organisation).order_by("network__name", "network", "name", "pk")
        rows = rows.filter(claimed_at__lt=self.end).select_related("network").defer("capabilities")
        total = rows.count()
        for start in range(0, total, ACCESS_POINTS):
            tick(start / total)
            batch = list(rows[start : start + ACCESS_POINTS])
            online = self._online(batch)
            for row in batch:
                yield self._one(row, self.moved[row.pk], online.get(row.pk))

    def _one(self, row: AccessPoint, moved: list[int], online: Online | None) -> AccessPointMonth:
        network = self.networks.setdefault(row.network_id, NetworkMonth(row.network.name))
        network.access_points += 1
        network.online = together((network.online, online))
        return AccessPointMonth(
            network.name, row.name, row.serial, row.model or row.compatible, row.firmware, online, *moved
        )

    def _online(self, batch: Sequence[AccessPoint]) -> dict[int, Online]:
        """Only of those that had connected by the end of the month."""
        return comings.online(batch, (self.start, self.end))[0] if self.log_known else {}

    def _add_days(self, tick: Tick) -> None:
        """Traffic of networks and SSIDs, and each network's busiest hour."""
        days = [self.start + n * DAY for n in range((self.end - self.start) // DAY + 1)]
        days, batches = [day for day in days if day < self.end], list(self._network_batches())
        for number, day in enumerate(days):
            tick(number / len(days))
            self.days[day.date()] = 0
            for networks in batches:
                self._add_day(networks, day)

    def _network_batches(self) -> Iterator[list[int]]:
        """So many networks at once that they have some thousand access points."""
        rows = AccessPoint.objects.of(self.organisation).order_by().values_list("network")
        sizes, batch, size = dict(rows.annotate(Count("pk"))), [], 0
        for pk in self.networks:
            batch.append(pk)
            size += max(1, sizes.get(pk, 0))
            if size >= NETWORK_ROWS:
                yield batch
                batch, size = [], 0
        yield from [batch] if batch else []

    def _add_day(self, networks: list[int], day: datetime) -> None:
        rows = self._usage().filter(network__in=networks, at__gte=day, at__lt=min(day + DAY, self.end))
        sums = rows.filter(ssid="").values_list("network", "at")
        for pk, _, down, up, clients in sums.annotate(
            Sum("downloaded"), Sum("uploaded"), Sum("clients")
        ).order_by():
            network = self.networks[pk]
            network.downloaded += int(down)
            network.uploaded += int(up)
            network.clients = max(network.clients, int(clients))
            self.days[day.date()] += int(down + up)
        each = rows.filter(ssid="").values_list("access_point")
        for pk, down, up, clients in each.annotate(
            Sum("downloaded"), Sum("uploaded"), Max("clients")
        ).order_by():
            so_far = self.moved[pk]
            self.moved[pk] = [so_far[0] + int(down), so_far[1] + int(up), max(so_far[2], int(clients))]
        named = rows.exclude(ssid="").values_list("ssid").annotate(Sum("downloaded"), Sum("uploaded"))
        for ssid, down, up in named.order_by():
            self.ssids[ssid][0] += int(down)
            self.ssids[ssid][1] += int(up)

    def _usage(self) -> QuerySet[Usage]:
        return Usage.objects.filter(seconds=COARSE, at__gte=self.start, at__lt=self.end)

    def _add_alerts(self) -> None:
        rows = Alert.objects.filter(network__in=list(self.networks))
        opened = rows.filter(opened_at__gte=self.start, opened_at__lt=self.end)
        for pk, count in opened.order_by().values_list("network").annotate(Count("pk")):
            self.networks[pk].alerts = count

    def _busiest(self) -> list[tuple[str, int, int]]:
        ranked = sorted(self.ssids.items(), key=lambda item: (-sum(item[1]), item[0]))
        return [(ssid, down, up) for ssid, (down, up) in ranked[:BUSIEST]]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
