"""A rollout in numbers, for ``decide``: counted by MySQL, so that its size does not matter."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from django.db.models import Case, Count, F, Q, Value, When

from devices.models import Link, Network, Rollout, Wave
from devices.models.rollout import TargetState
from devices.rollouts.decide import Budget, Snapshot, WaveCount
from devices.rollouts.windows import may_start, may_start_next
from devices.upgrading.places import window_of

REACHABLE = (Link.ONLINE, Link.LATE)
_AGAIN = Q(state=TargetState.BUSY, attempts__gt=1)  # tried once more, after an attempt that failed


@dataclass
class Seen:
    """The snapshot, and what went into it: ``open`` are the networks where an upgrade may begin now,
    ``next_start`` when one may begin in the next of the others."""

    snapshot: Snapshot
    open: list[int] = field(default_factory=list)
    next_start: datetime | None = None


def look(rollout: Rollout, now: datetime) -> Seen:
    """Four statements, whatever its size."""
    waves = list(rollout.waves.all())
    waiting = list(_waiting(rollout, now))
    windows = _Windows({network for _, network, *_ in waiting}, now)
    counts = _by_state(rollout)
    for row in waiting:
        _sort(counts, row, waves, windows)
    numbers = [_count(wave, counts[wave.number], last=wave.number == rollout.wave) for wave in waves]
    snapshot = Snapshot(
        starts_at=rollout.starts_at,
        gives_up_at=rollout.gives_up_at,
        budget=budget_of(rollout),
        at_once=rollout.at_once,
        waves=numbers,
        patience=timedelta(minutes=rollout.answer_minutes),
        # One that came back after all was forgiven in vain: a new failure does not take its place.
        forgiven=min(rollout.forgiven, sum(wave.failures + wave.lost for wave in numbers)),
    )
    return Seen(snapshot, windows.may_start, windows.next_start)


def budget_of(rollout: Rollout) -> Budget:
    if rollout.budget_count is not None:
        return Budget(rollout.budget_count, "count")
    return Budget(rollout.budget_percent or 1, "percent")


def failures(rollout: Rollout) -> int:
    """Those that count against its budget now, the ones that fell silent since their upgrade included."""
    failed = Q(state=TargetState.FAILED)
    retrying = Q(state=TargetState.WAITING, attempts__gt=0) | _AGAIN
    lost = Q(state=TargetState.SUCCEEDED, wave=rollout.wave, access_point__link=Link.OFFLINE)
    return rollout.targets.filter(failed | retrying | lost).count()


class _Windows:
    """The windows of the networks that still wait. One statement."""

    def __init__(self, networks: Iterable[int | None], now: datetime) -> None:
        wanted = [pk for pk in networks if pk is not None]
        rows = Network.objects.filter(pk__in=wanted) if wanted else []
        self._windows = {network.pk: window_of(network) for network in rows}
        self._now = now
        self._next = cache(may_start_next)  # thousands of networks share a few windows
        self.may_start = [pk for pk, window in self._windows.items() if may_start(window, now)]
        self._open = set(self.may_start)
        closed = {window for pk, window in self._windows.items() if pk not in self._open}
        self.next_start = min((self._next(window, now) for window in closed), default=None)

    def may(self, network: int) -> bool:
        return network in self._open

    def came(self, network: int, since: datetime | None) -> bool:
        """Whether there was a moment since then at which an upgrade could begin there."""
        if since is None:
            return False
        return self.may(network) or self._next(self._windows[network], since) < self._now


# wave, network, whether it is online, whether it is too early for its next try, whether it failed before
_Row = tuple[int, int, bool, bool, bool, int]


def _waiting(rollout: Rollout, now: datetime) -> Iterable[_Row]:
    rows = rollout.targets.filter(state=TargetState.WAITING, access_point__isnull=False)
    return (
        rows.annotate(
            online=Case(When(access_point__link__in=REACHABLE, then=Value(1)), default=Value(0)),
            early=Case(When(not_before__gt=now, then=Value(1)), default=Value(0)),
            failed=Case(When(attempts__gt=0, then=Value(1)), default=Value(0)),
        )
        .order_by()
        .values_list("wave", F("access_point__network"), "online", "early", "failed")
        .annotate(Count("pk"))
    )


def _by_state(rollout: Rollout) -> dict[int, dict[str, int]]:
    lost = Q(state=TargetState.SUCCEEDED, access_point__link=Link.OFFLINE)
    rows = rollout.targets.exclude(state=TargetState.WAITING).order_by().values_list("wave", "state")
    counts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = rows.annotate(count=Count("pk"), silent=Count("pk", filter=lost), again=Count("pk", filter=_AGAIN))
    for wave, state, count, silent, again in rows:
        counts[wave][state] += count
        counts[wave]["lost"] += silent
        counts[wave]["retrying"] += again
    return counts


def _sort(counts: dict[int, dict[str, int]], row: _Row, waves: list[Wave], windows: _Windows) -> None:
    """Waiting ones into due, ahead and absent: see ``WaveCount``."""
    number, network, online, early, failed, count = row
    opened_at = next((wave.opened_at for wave in waves if wave.number == number), None)
    wave = counts[number]
    wave["retrying"] += count if failed else 0
    if early or not windows.came(network, opened_at):
        wave["ahead"] += count
    elif not online:
        wave["absent"] += count
    else:
        wave["due" if windows.may(network) else "ahead"] += count


def _count(wave: Wave, counts: dict[str, int], *, last: bool) -> WaveCount:
    return WaveCount(
        number=wave.number,
        size=wave.size,
        soak=timedelta(minutes=wave.soak_minutes),
        opened_at=wave.opened_at,
        settled_at=wave.settled_at,
        due=counts["due"],
        ahead=counts["ahead"],
        absent=counts["absent"],
        retrying=counts["retrying"],
        busy=counts[TargetState.BUSY],
        succeeded=counts[TargetState.SUCCEEDED],
        lost=counts["lost"] if last else 0,
        failed=counts[TargetState.FAILED],
        cancelled=counts[TargetState.CANCELLED],
    )
