"""A week in the life of Café Lento, from Monday the 16th to Sunday the 22nd of November 2026."""

from datetime import UTC, datetime

from devices.models import AccessPoint, Alert, FirmwareImage, Link
from devices.models.firmware import ImageState
from tests.devices.reporting.months import HOUR, happens, used
from tests.world import World

START = datetime(2026, 11, 16, tzinfo=UTC)
END = datetime(2026, 11, 23, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)  # when it is told


def live_through(world: World) -> None:
    """The counter was off for 16.8 hours, and half of that the week before; the terrace never came."""
    for one in (world.counter, world.window):
        AccessPoint.objects.filter(pk=one.pk).update(
            first_seen=START - 300 * HOUR, link=Link.ONLINE, compatible="edgecore_eap101", firmware="v4.1"
        )
        happens(one, "connected", START - 300 * HOUR)
    for start, hours in ((START - 50 * HOUR, 8.4), (START + 50 * HOUR, 16.8)):
        happens(world.counter, "silent", start)
        happens(world.counter, "heard", start + hours * HOUR)
    AccessPoint.objects.filter(pk=world.window.pk).update(link=Link.OFFLINE, firmware="v4.2")
    Alert.objects.create(network=world.harbour, opened_at=START + 51 * HOUR, closed_at=START + 66.5 * HOUR)
    Alert.objects.create(network=world.harbour, opened_at=START - 90 * HOUR, closed_at=START - 2 * HOUR)
    Alert.objects.create(network=world.halde, opened_at=START + 51 * HOUR)
    image(world, "v4.2")
    for at in (START - HOUR, START, START + HOUR, END):
        used(world.counter, at, 3, 10, "Lento")
    used(world.window, START, 1, 5, "Lento")


def image(world: World, version: str, **more: object) -> FirmwareImage:
    """Offered for the counter and the window."""
    ready = {"state": ImageState.READY, "version": version, "compatibles": ["edgecore_eap101"], "size": 1}
    known = {"file_name": f"{version}.bin", "key": f"firmware/{version}", "organisation": world.cafe}
    return FirmwareImage.objects.create(**ready, **known | more)
