"""Lists whose filter, order and page live in the address, so that they can be sent to a colleague."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, DateTimeField, F, Q, QuerySet, Value, When
from django.http import QueryDict
from django.utils.functional import cached_property

from devices.models import AccessPoint, Configuration, Link, Network
from devices.models.access_point import AccessPointQuerySet
from devices.models.configuration import ConfigurationState
from devices.reported import Client
from devices.upgrading.axis import FirmwareState, Offers, with_upgrades

ROWS = 50
MAX_TEXT = 100


@dataclass(frozen=True)
class Order:
    """``sort`` names a column; an unknown one, or none, is the list's own."""

    sort: str
    descending: bool

    @classmethod
    def read(cls, query: QueryDict, columns: Mapping[str, Any], default: str) -> "Order":
        asked = query.get("sort", "")
        name = asked.removeprefix("-")
        return cls(name, asked.startswith("-")) if name in columns else cls(default, False)

    @property
    def parameter(self) -> str:
        """This order as the address has it."""
        return f"-{self.sort}" if self.descending else self.sort

    @property
    def reversed_sort(self) -> str:
        return self.sort if self.descending else f"-{self.sort}"

    def apply(self, columns: Sequence[str]) -> list[Any]:
        """The columns for ``order_by``; what was never known comes last either way."""
        first, *rest = (F(column) for column in columns)
        by = first.desc() if self.descending else first.asc()
        return [by, *rest]


def read_text(query: QueryDict, key: str = "q") -> str:
    return query.get(key, "")[:MAX_TEXT].strip().replace("\0", "")


def as_serial(text: str) -> str:
    """``text`` with the marks left out that people put between the digits of a serial or MAC."""
    return "".join(c for c in text.lower() if c not in ":-. ")


def matching(text: str) -> Q:
    """Access points by name, serial or MAC in any notation, model, or the address they come from."""
    found = Q(name__icontains=text) | Q(model__icontains=text) | Q(address__startswith=text)
    serial = as_serial(text)
    if len(serial) >= 2 and all(c in "0123456789abcdef" for c in serial):
        found |= Q(serial__contains=serial)
    return found


class AccessPointList:
    """A network's access points as its page, and its CSV, show them."""

    COLUMNS = {
        "name": ("name", "serial"),
        "link": ("link", "name", "serial"),
        "configuration": ("state_now", "name", "serial"),
        "firmware": ("firmware", "name", "serial"),
        "seen": ("silent_since", "name", "serial"),
    }

    def __init__(self, rows: AccessPointQuerySet, query: QueryDict, now: datetime, offers: Offers) -> None:
        self.offers = offers
        self.order = Order.read(query, self.COLUMNS, "name")
        self.text = read_text(query)
        self.link = _one_of(query.get("link"), Link.values)
        self.configuration = _one_of(query.get("configuration"), ConfigurationState.values)
        self.firmware = _one_of(query.get("firmware"), FirmwareState.values)
        self.tag = read_text(query, "tag").lower()
        self._page = query.get("page", "1")
        states = Configuration.state_expression(now, prefix="configuration__")
        self._all = with_upgrades(rows).annotate(state_now=states).alias(silent_since=_silent_since(now))

    @property
    def filtered(self) -> bool:
        return any((self.text, self.link, self.configuration, self.firmware, self.tag))

    def rows(self) -> AccessPointQuerySet:
        """Every row of the present filter, in order."""
        rows = self._all
        if self.text:
            rows = rows.filter(matching(self.text))
        if self.link:
            rows = rows.filter(link=self.link)
        if self.configuration:
            rows = rows.filter(state_now=self.configuration)
        if self.tag:
            rows = rows.filter(tags__name=self.tag)
        if self.firmware:
            rows = self.offers.only(rows, self.firmware)
        return rows.order_by(*self.order.apply(self.COLUMNS[self.order.sort]))

    @cached_property
    def page(self) -> Page[AccessPoint]:
        return Paginator(self.rows(), ROWS).get_page(self._page)


def _silent_since(now: datetime) -> Case:
    """For ordering: who is online was seen just now, whatever MySQL last heard of it."""
    online = When(link=Link.ONLINE, then=Value(now))
    return Case(online, default=F("last_seen"), output_field=DateTimeField(null=True))


class NetworkList:
    """An organisation's networks with how many of their access points need somebody's attention."""

    COLUMNS = {"name": ("name", "pk"), "offline": ("offline", "name", "pk"), "size": ("size", "name", "pk")}

    def __init__(self, rows: QuerySet[Network], query: QueryDict) -> None:
        self.order = Order.read(query, self.COLUMNS, "name")
        self.text = read_text(query)
        self._page = query.get("page", "1")
        self._all = rows

    @property
    def filtered(self) -> bool:
        return bool(self.text)

    @cached_property
    def page(self) -> Page[Network]:
        silent = Q(access_points__link=Link.OFFLINE)
        rows = self._all.annotate(size=Count("access_points"), offline=Count("access_points", filter=silent))
        if self.text:
            rows = rows.filter(name__icontains=self.text)
        return Paginator(rows.order_by(*self.order.apply(self.COLUMNS[self.order.sort])), ROWS).get_page(
            self._page
        )


@dataclass(frozen=True)
class SeenClient:
    """A client, and the access point it is on."""

    client: Client
    access_point: AccessPoint


class ClientList:
    """The clients of a network now. They live in the live store, so filtering is ours to do."""

    COLUMNS = {
        "name": lambda seen: (not seen.client.host, seen.client.host.lower(), seen.client.mac),
        "address": lambda seen: seen.client.address,
        "ssid": lambda seen: (seen.client.ssid, seen.client.mac),
        "access_point": lambda seen: (str(seen.access_point).lower(), seen.client.mac),
        "signal": lambda seen: seen.client.signal if seen.client.signal is not None else -999,
        "traffic": lambda seen: seen.client.downloaded + seen.client.uploaded,
    }

    def __init__(self, rows: Sequence[SeenClient], query: QueryDict) -> None:
        self.order = Order.read(query, self.COLUMNS, "name")
        self.text = read_text(query)
        self.ssid = query.get("ssid", "")[:MAX_TEXT]
        self.ssids = sorted({seen.client.ssid for seen in rows})
        self._page = query.get("page", "1")
        self._all = rows

    @property
    def filtered(self) -> bool:
        return bool(self.text or self.ssid)

    def rows(self) -> list[SeenClient]:
        rows = [seen for seen in self._all if self._shows(seen)]
        return sorted(rows, key=self.COLUMNS[self.order.sort], reverse=self.order.descending)

    def _shows(self, seen: SeenClient) -> bool:
        if self.ssid and seen.client.ssid != self.ssid:
            return False
        if not self.text:
            return True
        needle = self.text.lower()
        serial = as_serial(needle)
        in_mac = bool(serial) and serial in as_serial(seen.client.mac)
        told = (seen.client.host, seen.client.address, str(seen.access_point))
        return in_mac or any(needle in one.lower() for one in told)

    @cached_property
    def page(self) -> "Page[SeenClient]":
        return Paginator(self.rows(), ROWS).get_page(self._page)


def _one_of(value: str | None, allowed: Sequence[str]) -> str:
    return value if value in allowed else ""
