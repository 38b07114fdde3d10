"""The firmware axis of an access point: current, or what stands between it and that.

Rollouts' share of it is one sub-select of the access points' own statement (``upgrade``), so that lists
can show it and filter by it at no statement more; whether something newer is offered takes one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import models
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from devices.firmware.offers import newest_for, update_for
from devices.models import AccessPoint, FirmwareImage, RolloutTarget
from devices.models.access_point import AccessPointQuerySet
from devices.models.command import CommandState
from devices.models.rollout import MOVING, TargetState

BATCH = 1000


class FirmwareState(models.TextChoices):
    CURRENT = "current", _("Current")
    AVAILABLE = "available", _("Update available")
    SCHEDULED = "scheduled", _("Scheduled")
    DOWNLOADING = "downloading", _("Downloading")
    UPGRADING = "upgrading", _("Upgrading")
    VERIFYING = "verifying", _("Verifying")
    FAILED = "failed", _("Failed")
    ON_HOLD = "on-hold", _("On hold")
    UNKNOWN = "unknown", _("Not known yet")


# Those that a rollout says; the others are told by what is offered.
OF_ROLLOUTS = (
    FirmwareState.SCHEDULED,
    FirmwareState.DOWNLOADING,
    FirmwareState.UPGRADING,
    FirmwareState.VERIFYING,
    FirmwareState.FAILED,
    FirmwareState.ON_HOLD,
)


def with_upgrades(rows: AccessPointQuerySet) -> AccessPointQuerySet:
    """The same rows with ``upgrade``, what the last rollout says of each or None, and its ``rollout_now``."""
    live = Case(When(state__in=(TargetState.WAITING, TargetState.BUSY), then=1), default=0)
    last = RolloutTarget.objects.filter(access_point=OuterRef("pk")).order_by(live.desc(), "-pk")
    return rows.annotate(
        upgrade=Subquery(last.annotate(axis=_of_target()).values("axis")[:1]),
        rollout_now=Subquery(last.values("rollout")[:1]),
    )


def _of_target() -> Case:
    """The access point answers the command once it has downloaded, and comes back in a new session.

    One that failed and runs something else by now is not in that failure any more.
    """
    busy, waiting = Q(state=TargetState.BUSY), Q(state=TargetState.WAITING)
    answered = ~Q(command__state__in=(CommandState.QUEUED, CommandState.SENT)) & Q(command__isnull=False)
    back = Q(session__lt=OuterRef("session"))
    return Case(
        When(busy & answered & back, then=Value(FirmwareState.VERIFYING)),
        When(busy & answered, then=Value(FirmwareState.UPGRADING)),
        When(busy, then=Value(FirmwareState.DOWNLOADING)),
        When(waiting & Q(rollout__state__in=MOVING), then=Value(FirmwareState.SCHEDULED)),
        When(waiting, then=Value(FirmwareState.ON_HOLD)),
        When(state=TargetState.FAILED, before=OuterRef("firmware"), then=Value(FirmwareState.FAILED)),
        output_field=models.CharField(null=True),
    )


class Offers:
    """What an organisation could install. One statement, one more when hardware not met before turns up."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._newest: dict[str, FirmwareImage | None] = {"": None}

    def state(self, access_point: AccessPoint) -> FirmwareState:
        """Of a row of ``with_upgrades``."""
        if access_point.upgrade:
            return FirmwareState(access_point.upgrade)
        self._learn([access_point.compatible])
        return self._offered(access_point.compatible, access_point.firmware)

    def told(self, rows: Iterable[AccessPoint]) -> Iterator[AccessPoint]:
        """The same rows, each with its ``firmware_state``."""
        more = iter(rows)
        while batch := list(islice(more, BATCH)):
            self._learn(one.compatible for one in batch)
            for access_point in batch:
                access_point.firmware_state = self.state(access_point)
                yield access_point

    def only(self, rows: AccessPointQuerySet, state: str) -> AccessPointQuerySet:
        """Rows of ``with_upgrades`` in this state. One statement more where no rollout can say."""
        if state in OF_ROLLOUTS:
            return rows.filter(upgrade=state)
        kinds = list(rows.order_by().values_list("compatible", "firmware").distinct())
        self._learn(compatible for compatible, _firmware in kinds)
        fitting: dict[str, list[str]] = defaultdict(list)
        for compatible, firmware in kinds:
            if self._offered(compatible, firmware) == state:
                fitting[compatible].append(firmware)
        wanted = Q(pk=None)
        for compatible, versions in fitting.items():
            wanted |= Q(compatible=compatible, firmware__in=versions)
        return rows.filter(wanted, upgrade=None)

    def _offered(self, compatible: str, firmware: str) -> FirmwareState:
        if not firmware:
            return FirmwareState.UNKNOWN
        update = update_for(firmware, self._newest[compatible])
        return FirmwareState.AVAILABLE if update else FirmwareState.CURRENT

    def _learn(self, compatibles: Iterable[str]) -> None:
        if unknown := set(compatibles) - set(self._newest):
            found = newest_for(self._organisation, unknown)
            self._newest |= {compatible: found.get(compatible) for compatible in unknown}
