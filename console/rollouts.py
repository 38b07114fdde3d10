"""Firmware rollouts as pages show them: lists in the address, waves and reasons in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from console.badges import Badge
from console.listing import ROWS, as_serial, read_text
from devices.models import Rollout, RolloutTarget, Wave
from devices.models.rollout import MOVING, RolloutState, TargetState
from devices.rollouts.decide import Wait, decide
from devices.upgrading.holding import Held, under_way, why
from devices.upgrading.outcomes import OUTCOMES
from devices.upgrading.progress import Counts, totals
from devices.upgrading.snapshot import look

MOST_WAVES = 100
WAITS: dict[str, Promise] = {
    "not started": _("It has not begun."),
    "busy": _("Access points are being upgraded."),
    "windows": _("It waits for the next maintenance window."),
    "soaking": _("What was upgraded is watched for a while before it goes on."),
    "lost": _("Access points fell silent after their upgrade; it gives them time to come back."),
    "unproved": _("Too few of the last wave could be upgraded to tell whether it is safe to go on."),
    "absent": _("Only access points that are offline are left; each is upgraded once it is back."),
}
SOON = _("A worker looks at it within a minute.")


class RolloutList:
    """An organisation's rollouts, newest first, each with its counts."""

    def __init__(self, rows: QuerySet[Rollout], query: QueryDict) -> None:
        asked = query.get("state", "")
        self.state = asked if asked in RolloutState.values else ""
        self._page = query.get("page", "1")
        self._rows = rows.filter(state=self.state) if self.state else rows

    @property
    def filtered(self) -> bool:
        return bool(self.state)

    @cached_property
    def page(self) -> Page[Rollout]:
        return Paginator(self._rows, ROWS).get_page(self._page)

    def shown(self) -> list[tuple[Rollout, Counts]]:
        """Those of the page with their counts; one statement for these."""
        found = list(self.page)
        counted = totals(found)
        return [(rollout, counted[rollout.pk]) for rollout in found]


@dataclass(frozen=True)
class ShownTarget:
    target: RolloutTarget
    rollout: Rollout
    held: Held | None

    @property
    def name(self) -> str:
        return str(self.target.access_point or self.target.serial)

    @property
    def words(self) -> str:
        """How it went, how long it has, or why it waits and how it went before."""
        if self.target.state == TargetState.BUSY:
            return under_way(self.target)
        outcome = str(OUTCOMES.get(self.target.outcome, ""))
        if not self.held:
            return outcome
        return f"{outcome}. {self.held.words}" if outcome else self.held.words

    @property
    def source(self) -> str:
        return self.target.original or self.target.before

    @property
    def step(self) -> str:
        """The stepping stone it is given now, where that is not the rollout's own image."""
        step = self.target.step
        under_way = self.target.state in (TargetState.BUSY, TargetState.WAITING)
        return step.version if step and under_way and step.pk != self.rollout.image_id else ""


class TargetList:
    """A rollout's access points as its page, and its CSV, show them."""

    def __init__(self, rollout: Rollout, rows: QuerySet[RolloutTarget], query: QueryDict) -> None:
        self.rollout = rollout
        self.text = read_text(query)
        state, wave = query.get("state", ""), query.get("wave", "")
        self.state = state if state in TargetState.values else ""
        self.wave = int(wave) if wave.isascii() and wave.isdigit() and len(wave) < 5 else None
        self._page = query.get("page", "1")
        self._all = rows

    @property
    def filtered(self) -> bool:
        return bool(self.text or self.state or self.wave is not None)

    def rows(self) -> QuerySet[RolloutTarget]:
        """Every row of the present filter, in order."""
        rows = self._all
        if self.text:
            rows = rows.filter(_matching(self.text))
        if self.state:
            rows = rows.filter(state=self.state)
        if self.wave is not None:
            rows = rows.filter(wave=self.wave)
        return rows.order_by("wave", "pk")

    @cached_property
    def page(self) -> Page[RolloutTarget]:
        return Paginator(self.rows(), ROWS).get_page(self._page)

    def shown(self, now: datetime) -> list[ShownTarget]:
        """Those of the page, each that waits with the reason for it; one statement for these."""
        return list(shown_targets(self.rollout, list(self.page), now))


def shown_targets(rollout: Rollout, targets: list[RolloutTarget], now: datetime) -> Iterator[ShownTarget]:
    held = why(rollout, targets, now)
    return (ShownTarget(target, rollout, held.get(target.pk)) for target in targets)


def _matching(text: str) -> Q:
    found = Q(access_point__name__icontains=text)
    serial = as_serial(text)
    return found | Q(serial__contains=serial) if serial else found


@dataclass(frozen=True)
class ShownWave:
    wave: Wave
    counts: Counts
    rollout: Rollout
    now: datetime

    @property
    def soaks_until(self) -> datetime | None:
        """When its soak ends, while that lies ahead."""
        if self.wave.settled_at is None or not self.rollout.open:
            return None
        end = self.wave.settled_at + timedelta(minutes=self.wave.soak_minutes)
        return end if end > self.now else None

    @property
    def badge(self) -> Badge:
        if self.wave.opened_at is None:
            return Badge(_("Not begun"), "idle", "circle")
        if self.counts.busy:
            return _UPGRADING
        if self.wave.settled_at is None:
            return self._unsettled
        return Badge(_("Soaking"), "wait", "clock-fill") if self.soaks_until else _DONE

    @property
    def _unsettled(self) -> Badge:
        if not self.rollout.open:
            return Badge(_("Ended early"), "idle", "slash-circle")
        if self.rollout.state not in MOVING:
            return Badge(_("On hold"), "wait", "pause-circle")
        return Badge(_("Begun"), "busy", "hourglass-split")


_UPGRADING = Badge(_("Upgrading"), "busy", "arrow-repeat")
_DONE = Badge(_("Done"), "good", "check-lg")


@dataclass(frozen=True)
class Reason:
    """Why a rollout that is not over does nothing more right now; ``until`` where that is known."""

    words: "str | Promise"
    until: datetime | None = None


def reason(rollout: Rollout, now: datetime) -> Reason | None:
    """Of one that moves; four statements. None for others: their state says it."""
    if rollout.state not in MOVING:
        return None
    seen = look(rollout, now)
    decision = decide(seen.snapshot, now)
    if not isinstance(decision, Wait):
        return Reason(SOON)
    until = seen.next_start if decision.why == "windows" else decision.until
    return Reason(WAITS[decision.why], until if decision.why != "busy" else None)
