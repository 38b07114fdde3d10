"""How far a change has come: "applied to 4 of 6, 2 offline"."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count

from devices.models.access_point import Link
from devices.models.configuration import Configuration, ConfigurationState

if TYPE_CHECKING:
    from devices.models import Network


@dataclass(frozen=True)
class Progress:
    """Access points of a network by what became of its present revision; they add up to ``total``.

    ``offline`` counts those that have not applied it and cannot be reached now;
    they receive it when they come back.
    """

    applied: int = 0
    applying: int = 0
    waiting: int = 0
    rejected: int = 0
    offline: int = 0

    @property
    def total(self) -> int:
        return self.applied + self.applying + self.waiting + self.rejected + self.offline

    @property
    def finished(self) -> bool:
        """Nothing more will happen by itself while the rest stays offline."""
        return not self.applying and not self.waiting

    @property
    def percent(self) -> int:
        """Of all access points, those that applied it; 100 when there are none."""
        return 100 * self.applied // self.total if self.total else 100


_PLACE = {
    ConfigurationState.UP_TO_DATE: "applied",
    ConfigurationState.APPLYING: "applying",
    ConfigurationState.WAITING: "waiting",
    ConfigurationState.REJECTED: "rejected",
}


def progress(network: "Network", now: datetime) -> Progress:
    """One statement, however many access points."""
    rows = (
        Configuration.objects.filter(access_point__network=network)
        .annotate(state_now=Configuration.state_expression(now))
        .values_list("state_now", "access_point__link")
        .annotate(Count("pk"))
    )
    counts: Counter[str] = Counter()
    for state, link, count in rows:
        counts[_place(ConfigurationState(state), Link(link))] += count
    return Progress(**counts)


def _place(state: ConfigurationState, link: Link) -> str:
    place = _PLACE[state]
    reachable = link in {Link.ONLINE, Link.LATE}
    return place if reachable or place in {"applied", "rejected"} else "offline"
