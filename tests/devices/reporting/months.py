"""A month in the life of Café Lento, for reports to tell of."""

from datetime import UTC, datetime, timedelta
from itertools import count

from devices.models import AccessPoint, Alert, Event, Usage
from devices.models.usage import COARSE
from tests.world import World

START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
_numbers = count(1)


def happens(access_point: AccessPoint, kind: str, at: datetime, session: int = 1) -> None:
    fact = f"month-{next(_numbers)}"
    Event.objects.create(access_point=access_point, fact=fact, kind=kind, at=at, data={"session": session})


def used(access_point: AccessPoint, at: datetime, gigabytes: int, clients: int, ssid: str = "") -> None:
    for name in ("", ssid) if ssid else ("",):
        Usage.objects.create(
            access_point=access_point,
            network=access_point.network,
            seconds=COARSE,
            at=at,
            ssid=name,
            clients=clients,
            downloaded=gigabytes * 10**9,
            uploaded=gigabytes * 10**8,
        )


def long_ago(world: World) -> None:
    """Everything of the café's was there before the month began."""
    world.cafe.networks.update(created_at=START - 900 * HOUR)
    AccessPoint.objects.update(claimed_at=START - 900 * HOUR)


def live_through(world: World) -> None:
    """The counter was off for three hours, the window came on the 16th, the terrace never."""
    long_ago(world)
    for one, first in ((world.counter, START - 30 * 24 * HOUR), (world.window, START + 15 * 24 * HOUR)):
        AccessPoint.objects.filter(pk=one.pk).update(
            first_seen=first, connected_at=first, link="online", model="EAP101", firmware="OpenWrt 25.12"
        )
        happens(one, "connected", first)
    happens(world.counter, "silent", START + 100 * HOUR)
    happens(world.counter, "heard", START + 103 * HOUR)
    used(world.counter, START, 5, 10, "Lento")
    used(world.counter, START + HOUR, 1, 7, "Lento Guests")
    used(world.window, START + HOUR, 2, 6, "Lento")
    used(world.counter, START - HOUR, 900, 900, "before")
    used(world.counter, END, 900, 900, "after")
    used(world.lobby, START, 900, 900, "elsewhere")
    Alert.objects.create(network=world.harbour, opened_at=START + 101 * HOUR, closed_at=START + 103 * HOUR)
    Alert.objects.create(network=world.halde, opened_at=START + 101 * HOUR)
