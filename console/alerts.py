"""Alerts as pages show them: what is wrong now in one line for each network, and what was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, Min, QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property

from console.listing import ROWS
from devices.alerting import SINCE
from devices.models import AccessPoint, Alert, Link, Network
from devices.models.access_point import AccessPointQuerySet

SHOWN = 10  # networks in one notice
NAMED = 5  # access points of one row


@dataclass(frozen=True)
class Missed:
    """Access points of one network whose silence somebody was told of."""

    network: int
    name: str
    count: int
    since: datetime


@dataclass(frozen=True)
class Notice:
    """Longest silent first; ``more`` networks are not among ``rows``."""

    rows: Sequence[Missed]
    more: int


def notice(rows: AccessPointQuerySet) -> Notice:
    """Of these access points; one statement."""
    missed = rows.filter(alert__open_for__isnull=False, link=Link.OFFLINE).annotate(silent=SINCE)
    told = missed.order_by().values_list("network", "network__name")
    found = [Missed(*row) for row in told.annotate(Count("pk"), first=Min("silent")).order_by("first")]
    return Notice(found[:SHOWN], len(found) - len(found[:SHOWN]))


@dataclass(frozen=True)
class ShownAlert:
    alert: Alert
    names: Sequence[str]

    @property
    def count(self) -> int:
        return len(self.alert.serials)

    @property
    def more(self) -> int:
        return self.count - len(self.names)

    @property
    def seconds(self) -> int | None:
        """How long it lasted; None while it is open."""
        closed = self.alert.closed_at
        return int((closed - self.alert.opened_at).total_seconds()) if closed else None


class AlertList:
    """An organisation's alerts, newest first, of one network if the address says so."""

    def __init__(self, rows: QuerySet[Alert], networks: QuerySet[Network], query: QueryDict) -> None:
        self.networks = list(networks.order_by("name", "pk").only("name"))
        asked = query.get("network", "")
        self.network = next((one for one in self.networks if str(one.pk) == asked), None)
        self._page = query.get("page", "1")
        self._rows = rows.filter(network=self.network) if self.network else rows

    @cached_property
    def page(self) -> Page[Alert]:
        return Paginator(self._rows, ROWS).get_page(self._page)

    def shown(self) -> list[ShownAlert]:
        """Those of the page with the first names of each; one statement for these."""
        named = {alert.pk: alert.serials[:NAMED] for alert in self.page}
        serials = {serial for some in named.values() for serial in some}
        rows = AccessPoint.objects.filter(serial__in=serials, network__in=self.networks)
        names = {row.serial: str(row) for row in rows.only("serial", "name")}
        return [
            ShownAlert(alert, [names.get(serial, serial) for serial in named[alert.pk]])
            for alert in self.page
        ]
