"""The table of a Wi-Fi scan, and what it says about channels."""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict

from console.listing import Order
from devices.scan import Neighbour, crowded, free


class Neighbourhood:
    """What was found, in the order asked for; the strongest first."""

    COLUMNS: dict[str, Callable[[Neighbour], Any]] = {
        "signal": lambda one: (-one.signal, one.bssid),
        "ssid": lambda one: (not one.ssid, one.ssid.lower(), one.bssid),
        "bssid": lambda one: one.bssid,
        "channel": lambda one: (one.band, one.channel, -one.signal),
        "band": lambda one: (one.band, one.channel, -one.signal),
    }

    def __init__(self, found: list[Neighbour], query: QueryDict) -> None:
        self.order = Order.read(query, self.COLUMNS, "signal")
        self.rows = sorted(found, key=self.COLUMNS[self.order.sort], reverse=self.order.descending)
        self.crowded = crowded(found)
        self.free = free(found)
