"""A rollout before it begins: who would take part, and its rows once it is meant."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organisation, User
from devices.models import AccessPoint, FirmwareImage, Network, Rollout, RolloutTarget, Task, Wave
from devices.models.rollout import OPEN, TargetState
from devices.rollouts.versions import is_older, runs
from devices.rollouts.waves import Candidate, deal, portions
from devices.rollouts.windows import may_start_next
from devices.upgrading.places import window_of
from devices.upgrading.stones import Stones
from devices.upgrading.terms import RolloutRefused, Terms

BATCH = 1000
GIVES_UP_AFTER = timedelta(days=14)  # without a success, a new wave or a word of its people


@dataclass(frozen=True)
class Place:
    """A network that takes part: how many of it, and when its next upgrade may begin."""

    network: Network
    count: int
    next_start: datetime


@dataclass
class Preview:
    """What would happen. The lists hold access points; whoever is in ``chosen`` takes part.

    ``older``: would go down a version, or into one that cannot be compared; among the chosen only
    when downgrades were asked for. ``unknown``: never said what hardware they are. ``soaks``: minutes,
    of each of ``waves``.
    """

    chosen: list[AccessPoint] = field(default_factory=list)
    already: list[AccessPoint] = field(default_factory=list)
    other_hardware: list[AccessPoint] = field(default_factory=list)
    unknown: list[AccessPoint] = field(default_factory=list)
    older: list[AccessPoint] = field(default_factory=list)
    no_way: list[AccessPoint] = field(default_factory=list)
    elsewhere: list[AccessPoint] = field(default_factory=list)
    stones: Counter[str] = field(default_factory=Counter)
    waves: list[int] = field(default_factory=list)
    soaks: list[int] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    @property
    def online(self) -> int:
        return sum(one.online for one in self.chosen)


def preview(organisation: Organisation, terms: Terms, now: datetime) -> Preview:
    """Who takes part, and why others do not; a constant number of statements. Raises ``RolloutRefused``."""
    terms.check()
    found = Preview()
    stones = Stones(organisation)
    busy = in_open_rollouts(organisation)
    for one in terms.scope.of(organisation).select_related("network").order_by("pk"):
        _place(found, one, terms, stones, busy)
    try:
        portioned = portions(len(found.chosen), terms.shares) if found.chosen else []
    except ValueError:
        raise RolloutRefused(_("Every wave must go further than the one before.")) from None
    found.waves = [size for _part, size in portioned]
    found.soaks = [terms.soak(part) for part, _size in portioned]
    found.places = _places(found.chosen, max(now, terms.starts_at))
    return found


def start(user: User, organisation: Organisation, terms: Terms, now: datetime) -> Rollout:
    """Write it down, to begin when its time comes. Raises ``RolloutRefused`` when nobody takes part."""
    with transaction.atomic():
        locked = organisation.lock()  # two clicks at once: the second finds the first one's targets
        found = preview(locked, terms, now)
        if not found.chosen:
            raise RolloutRefused(_("No access point would be upgraded by this rollout."))
        return start_chosen(user, locked, terms, found.chosen, scope=terms.scope.words)


def start_chosen(
    user: User, organisation: Organisation, terms: Terms, chosen: Sequence[AccessPoint], **columns: object
) -> Rollout:
    """Write it down for exactly these; part of the caller's transaction. ``columns`` are the rollout's."""
    portioned = portions(len(chosen), terms.shares)
    waves = [size for _part, size in portioned]
    rollout = _write(user, organisation, terms, **columns)
    rows = (
        Wave(rollout=rollout, number=number, size=size, soak_minutes=terms.soak(part))
        for number, (part, size) in enumerate(portioned, 1)
    )
    Wave.objects.bulk_create(rows)
    RolloutTarget.objects.bulk_create(_targets(rollout, chosen, waves), batch_size=BATCH)
    AuditEntry.record(organisation, user, "rollout.start", rollout, rollout=rollout.pk, count=len(chosen))
    promise_look(rollout.pk)
    return rollout


def wait_on(rollout: Rollout, now: datetime) -> None:
    """It moves: whoever is offline has that long again to come. The caller saves it."""
    rollout.gives_up_at = max(rollout.gives_up_at, now + GIVES_UP_AFTER)


def promise_look(rollout: int) -> Task:
    """Have a worker see what there is to do; part of the caller's transaction."""
    return Task.promise("rollout", f"rollout:{rollout}", {"rollout": rollout})


def _place(found: Preview, one: AccessPoint, terms: Terms, stones: Stones, busy: set[str]) -> None:
    """Into one of the lists, by the first reason that holds."""
    if not one.compatible:
        found.unknown.append(one)
    elif one.compatible not in terms.image.compatibles:
        found.other_hardware.append(one)
    elif runs(one.firmware, terms.image.version):
        found.already.append(one)
    elif one.serial in busy:
        found.elsewhere.append(one)
    else:
        _choose(found, one, terms, stones)


def _choose(found: Preview, one: AccessPoint, terms: Terms, stones: Stones) -> None:
    if is_newer_there(one.firmware, terms.image):
        found.older.append(one)
        if not terms.downgrades:
            return
    step = stones.step(one, terms.image)
    if step is None:
        found.no_way.append(one)
        return
    if step.pk != terms.image.pk:
        found.stones[step.version] += 1
    found.chosen.append(one)


def is_newer_there(runs_now: str, image: FirmwareImage) -> bool:
    """Whether installing the image would be a step down; so is what cannot be compared, to be safe."""
    return is_older(image.version, runs_now) is not False


def in_open_rollouts(organisation: Organisation) -> set[str]:
    """Serials that a rollout of this organisation has in hand, or is going to. One statement."""
    rows = RolloutTarget.objects.filter(
        rollout__organisation=organisation,
        rollout__state__in=OPEN,
        state__in=(TargetState.WAITING, TargetState.BUSY),
    )
    return set(rows.values_list("serial", flat=True))


def _places(chosen: Iterable[AccessPoint], now: datetime) -> list[Place]:
    networks = {one.network_id: one.network for one in chosen}
    counts = Counter(one.network_id for one in chosen)
    return [
        Place(network, counts[pk], may_start_next(window_of(network), now))
        for pk, network in sorted(networks.items(), key=lambda item: (item[1].name, item[0]))
    ]


def _write(user: User, organisation: Organisation, terms: Terms, **columns: object) -> Rollout:
    budget = {f"budget_{terms.budget.unit}": terms.budget.amount}
    return Rollout.objects.create(
        organisation=organisation,
        image=terms.image,
        asked_by=user,
        starts_at=terms.starts_at,
        look_at=terms.starts_at,
        gives_up_at=terms.starts_at + GIVES_UP_AFTER,
        attempts=terms.attempts,
        answer_minutes=terms.answer_minutes,
        at_once=terms.at_once,
        downgrades=terms.downgrades,
        **budget,
        **columns,
    )


def _targets(rollout: Rollout, chosen: Sequence[AccessPoint], waves: list[int]) -> list[RolloutTarget]:
    candidates = [Candidate(one.serial, one.network_id, one.online) for one in chosen]
    wave_of = deal(candidates, waves, seed=str(rollout.pk))
    return [
        RolloutTarget(
            rollout=rollout,
            wave=wave_of[one.serial],
            access_point=one,
            serial=one.serial,
            original=one.firmware,
        )
        for one in chosen
    ]
