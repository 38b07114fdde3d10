"""What a month's report says, as plain values: the PDF and the CSV are two ways to write it down."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from devices.reporting.availability import Online


@dataclass(frozen=True)
class AccessPointMonth:
    """Traffic in bytes, ``clients`` the most at once; ``online`` None where nobody can say any more."""

    network: str
    name: str
    serial: str
    model: str
    firmware: str
    online: Online | None
    downloaded: int = 0
    uploaded: int = 0
    clients: int = 0


@dataclass
class NetworkMonth:
    """``clients``: the most within an hour, each access point's most added up."""

    name: str
    access_points: int = 0
    online: Online | None = None
    downloaded: int = 0
    uploaded: int = 0
    clients: int = 0
    alerts: int = 0


@dataclass(frozen=True)
class Contents:
    """``until``: when the month ended, or the moment it was looked at before that."""

    organisation: str
    month: date
    until: datetime
    networks: list[NetworkMonth]
    access_points: list[AccessPointMonth]
    ssids: list[tuple[str, int, int]] = field(default_factory=list)
    days: list[tuple[date, int]] = field(default_factory=list)
    changes: int = 0

    @property
    def online(self) -> Online | None:
        """Of all access points together."""
        return together(one.online for one in self.access_points)

    @property
    def firmware(self) -> list[tuple[str, str, int]]:
        """(Model, firmware, how many run it now), most first; those that never connected are left out."""
        counted: dict[tuple[str, str], int] = {}
        for one in self.access_points:
            if one.firmware:
                counted[one.model, one.firmware] = counted.get((one.model, one.firmware), 0) + 1
        return [(*both, n) for both, n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]

    def least_online(self, most: int) -> list[AccessPointMonth]:
        """Those that were offline for a minute or more, longest first."""
        found = [one for one in self.access_points if one.online and one.online.outages]
        return sorted(found, key=lambda one: (_percent(one), one.serial))[:most]


def together(many: Iterable[Online | None]) -> Online | None:
    """The sum of what is known; None when nothing is."""
    known = [one for one in many if one is not None]
    return sum(known, Online()) if known else None


def _percent(one: AccessPointMonth) -> float:
    return one.online.percent or 0.0 if one.online else 0.0


def month_end(month: date) -> date:
    """The first day of the month after it."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
