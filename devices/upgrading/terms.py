"""What a rollout is asked to do: which image, for whom, how fast, and when it must stop itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organisation
from devices.models import AccessPoint, FirmwareImage, Network, Tag
from devices.models.access_point import AccessPointQuerySet
from devices.rollouts.decide import Budget
from devices.rollouts.waves import Share

MOST_AT_ONCE = 2000
MOST_ATTEMPTS = 5
DEFAULT_BUDGET = Budget(5, "percent")


class RolloutRefused(ValueError):
    """It cannot be, and why, in words."""


@dataclass(frozen=True)
class Scope:
    """For whom. ``networks``, ``tag`` and ``access_point`` belong to the kinds of these names."""

    kind: Literal["organisation", "networks", "tag", "access_point"] = "organisation"
    networks: tuple[Network, ...] = ()
    tag: Tag | None = None
    access_point: AccessPoint | None = None

    def of(self, organisation: Organisation) -> AccessPointQuerySet:
        """The access points, of this organisation alone whatever was asked for."""
        rows = AccessPoint.objects.of(organisation)
        if self.kind == "networks":
            return rows.filter(network__in=self.networks)
        if self.kind == "tag":
            return rows.filter(tags=self.tag)
        if self.kind == "access_point":
            return rows.filter(pk=self.access_point.pk if self.access_point else None)
        return rows

    @property
    def words(self) -> str:
        if self.kind == "networks":
            names = ", ".join(str(network) for network in self.networks)
            return names if len(names) <= 200 else _networks(len(self.networks))
        if self.kind == "tag":
            return _("Tagged “%(tag)s”") % {"tag": self.tag}
        return str(self.access_point) if self.kind == "access_point" else _("All access points")


def _networks(count: int) -> str:
    return ngettext("%(count)d network", "%(count)d networks", count) % {"count": count}


@dataclass(frozen=True)
class Terms:
    """``shares`` say how far every wave but the last one goes; ``soak_minutes`` has a number for each wave,
    the last one included, and its last number holds for those beyond it.

    Without ``downgrades`` whoever runs something newer, or what cannot be compared, is left out.
    """

    image: FirmwareImage
    starts_at: datetime
    scope: Scope = Scope()
    shares: tuple[Share, ...] = (Share(1, "count"), Share(5), Share(25))
    soak_minutes: tuple[int, ...] = (30,)
    budget: Budget = DEFAULT_BUDGET
    attempts: int = 2
    answer_minutes: int = 30
    at_once: int = 200
    downgrades: bool = False

    def check(self) -> None:
        """Raises ``RolloutRefused`` in words for what no form would let through."""
        if not self.image.offered:
            raise RolloutRefused(_("This image is not offered for installing."))
        limits = (
            (self.attempts, MOST_ATTEMPTS),
            (self.at_once, MOST_AT_ONCE),
            (self.answer_minutes, 24 * 60),
            (self.budget.amount, 100 if self.budget.unit == "percent" else 10**6),
        )
        if not all(1 <= number <= most for number, most in limits) or not self.soak_minutes:
            raise RolloutRefused(_("A number of this rollout is out of its range."))
        if not all(0 <= soak <= 7 * 24 * 60 for soak in self.soak_minutes):
            raise RolloutRefused(_("A wave soaks for at most a week."))

    def soak(self, wave: int) -> int:
        """Minutes, of the wave with this number (from 1)."""
        return self.soak_minutes[min(wave, len(self.soak_minutes)) - 1]
