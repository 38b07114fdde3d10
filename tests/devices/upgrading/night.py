"""A rollout under a clock of its own: access points report, time goes by, and somebody looks."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from devices.models import AccessPoint, Command, FirmwareImage, Link, Network, Rollout, RolloutTarget
from devices.models.firmware import ImageState
from devices.rollouts.decide import Budget, Decision
from devices.upgrading import planning
from devices.upgrading.advancing import advance
from devices.upgrading.terms import Scope, Terms
from tests.world import World

OLD, NEW = "OpenWrt 23.05 / TIP-v4.0.0", "OpenWrt 23.05 / TIP-v4.1.0"
HARDWARE = "edgecore_eap101"
# 23:30 in Amsterdam, where the windows of the cast are open from 03:00 to 05:00.
EVENING = datetime(2026, 6, 10, 21, 30, tzinfo=UTC)
OPEN = datetime(2026, 6, 11, 1, 5, tzinfo=UTC)
SOON = timedelta(seconds=5)


def image(world: World, version: str = "TIP-v4.1.0", **columns: Any) -> FirmwareImage:
    """A checked image of the café's."""
    count = FirmwareImage.objects.count()
    values = {
        "organisation": world.cafe,
        "file_name": f"{version}.bin",
        "key": f"firmware/{count}/{version}.bin",
        "size": 1000,
        "state": ImageState.READY,
        "version": version,
        "compatibles": [HARDWARE],
    }
    return FirmwareImage.objects.create(**values | columns)


def crowd(network: Network, count: int, **columns: Any) -> list[AccessPoint]:
    """Access points of one network, online and on the old firmware."""
    first = AccessPoint.objects.count()
    values = {"compatible": HARDWARE, "firmware": OLD, "link": Link.ONLINE, "session": 1}
    rows = [
        AccessPoint(network=network, serial=f"24f5a3{first + n:06x}", **values | columns)
        for n in range(count)
    ]
    AccessPoint.objects.bulk_create(rows)
    return list(AccessPoint.objects.filter(serial__in=[row.serial for row in rows]).order_by("pk"))


@dataclass
class Night:
    """``now`` is what the rollout's clock shows."""

    world: World
    now: datetime = EVENING
    decisions: list[Decision] = field(default_factory=list)

    def start(self, **terms: Any) -> Rollout:
        """By default all at once, no soak, over the whole organisation."""
        values: dict[str, Any] = {"shares": (), "soak_minutes": (0,), "starts_at": self.now}
        values["image"] = terms.pop("image", None) or image(self.world)
        values["budget"] = Budget(100)
        self.rollout = planning.start(self.world.ada, self.world.cafe, Terms(**values | terms), self.now)
        return self.rollout

    def look(self, at: datetime | None = None) -> list[str]:
        """One look; returns the names of the decisions."""
        self.now = at or self.now + SOON
        made = list(advance(self.rollout.pk, self.now))
        self.decisions += made
        self.rollout.refresh_from_db()
        return [type(one).__name__ for one in made]

    def states(self) -> list[str]:
        return list(self.rollout.targets.order_by("serial").values_list("state", flat=True))

    def targets(self) -> "list[RolloutTarget]":
        return list(self.rollout.targets.order_by("serial"))

    def commands(self) -> int:
        return Command.objects.filter(kind="upgrade").count()

    def sent(self) -> None:
        """The outposts sent what waits."""
        Command.objects.filter(kind="upgrade", state="queued").update(state="sent", sent_at=timezone.now())

    def back(self, firmware: str, reason: str = "upgrade", **which: Any) -> None:
        """The busy ones reboot and connect with this firmware."""
        busy = self.rollout.targets.filter(state="busy", **which).values("access_point")
        AccessPoint.objects.filter(pk__in=busy).update(
            firmware=firmware, boot_reason=reason, session=F("session") + 1, link=Link.ONLINE
        )


def everywhere(network: Network) -> Scope:
    return Scope("networks", networks=(network,))
