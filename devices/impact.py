"""What a change will do to the people on the air: how many access points it touches, who reconnects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.live_store import live_store
from devices.rendering.diff import Change
from devices.rendering.intent import NetworkIntent
from devices.reported import states
from outpost.store.contract import StoreUnavailable

if TYPE_CHECKING:
    from devices.models import Network

# What only we read: no access point is told of it.
OURS_ALONE = frozenset({"name", "window_start", "window_end"})


@dataclass(frozen=True)
class Impact:
    """``access_points`` that are or were on the air and will be configured anew; ``clients`` that
    must reconnect now, None when the live store cannot say."""

    access_points: int
    clients: int | None
    disruptive: bool

    @property
    def needs_review(self) -> bool:
        """Clients would be dropped, or more than one access point is touched."""
        return self.access_points > 1 or (self.access_points == 1 and self.disruptive)


def impact(network: "Network", found: Sequence[Change], old: NetworkIntent) -> Impact:
    """What ``found``, compared with ``old``, would do. One statement and one look at the live store.

    An access point that never checked in carries nobody and counts for nothing.
    """
    if all(change.path[0] in OURS_ALONE for change in found):
        return Impact(0, 0, False)
    serials = list(network.access_points.exclude(first_seen=None).values_list("serial", flat=True))
    disruptive = any(change.disruptive for change in found)
    clients = _reconnecting(serials, _dropped(found, old)) if disruptive else 0
    return Impact(len(serials), clients, disruptive)


def _dropped(found: Sequence[Change], old: NetworkIntent) -> set[str] | None:
    """Names of the SSIDs whose clients are dropped; None when the radios themselves restart."""
    disruptive = [change for change in found if change.disruptive]
    if any(change.path[0] != "ssids" for change in disruptive):
        return None
    keys = {change.path[1] for change in disruptive}
    return {ssid.name for ssid in old.ssids if ssid.key in keys}


def _reconnecting(serials: list[str], names: set[str] | None) -> int | None:
    try:
        return sum(
            1
            for reported, state in states(live_store(), serials)
            if reported.connected
            for client in state.clients
            if names is None or client.ssid in names
        )
    except StoreUnavailable:
        return None
