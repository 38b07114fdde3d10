"""What a week's mail says, as plain values that fit into a task's payload. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from devices.reporting.availability import Online
from devices.reporting.contents import together

NAMED = 10  # networks in one mail


@dataclass(frozen=True)
class Links:
    """Access points by their link, at the moment of counting."""

    online: int
    offline: int
    unseen: int
    disabled: int


@dataclass(frozen=True)
class NetworkWeek:
    """``online`` None where nobody can say, or nothing had ever connected."""

    pk: int
    name: str
    online: Online | None
    before: Online | None


@dataclass(frozen=True)
class Alerts:
    """``open``: how many of them still are."""

    count: int
    open: int
    longest: timedelta


@dataclass(frozen=True)
class Rollouts:
    """``open`` includes those that are ``halted``; ``finished`` are those that did so in the week."""

    open: int
    halted: int
    finished: int


@dataclass(frozen=True)
class Traffic:
    """In bytes; ``clients`` the most within an hour, each access point's most added up."""

    downloaded: int = 0
    uploaded: int = 0
    clients: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(
            self.downloaded + other.downloaded,
            self.uploaded + other.uploaded,
            max(self.clients, other.clients),
        )


@dataclass(frozen=True)
class WeekContents:
    """From ``start`` to ``until``, both included. ``outdated`` None: no firmware is offered for any."""

    start: date
    until: date
    links: Links
    networks: list[NetworkWeek]
    alerts: Alerts
    outdated: int | None
    rollouts: Rollouts
    traffic: Traffic | None

    def told(self) -> dict[str, Any]:
        """As JSON has it: percent with two decimals, spans in seconds, dates as ISO 8601."""
        known = [one for one in self.networks if one.online and one.online.percent is not None]
        known.sort(key=lambda one: (_percent(one.online), one.name))
        before = together(one.before for one in self.networks)
        return {
            "start": self.start.isoformat(),
            "until": self.until.isoformat(),
            "links": vars(self.links),
            "whole": _told(together(one.online for one in known), before),
            "networks": [_named(one) for one in known[:NAMED]],
            "more": len(known[NAMED:]),
            "alerts": vars(self.alerts) | {"longest": int(self.alerts.longest.total_seconds())},
            "outdated": self.outdated,
            "rollouts": vars(self.rollouts),
            "traffic": vars(self.traffic) if self.traffic else None,
        }


def _named(one: NetworkWeek) -> dict[str, Any]:
    return {"pk": one.pk, "name": one.name} | _told(one.online, one.before)


def _told(online: Online | None, before: Online | None) -> dict[str, float | None]:
    """``change`` in percentage points."""
    this, that = _percent(online), _percent(before)
    change = None if this is None or that is None else round(this - that, 2)
    return {"percent": this, "change": change}


def _percent(online: Online | None) -> float | None:
    """Rounded down: what was away for a minute was not there 100 % of the time."""
    percent = online.percent if online else None
    return None if percent is None else int(percent * 100) / 100
