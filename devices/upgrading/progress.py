"""How far a rollout got, in numbers."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count

from devices.models import Rollout, Wave
from devices.models.rollout import TargetState


@dataclass
class Counts:
    """Access points by the state of their target."""

    by_state: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def waiting(self) -> int:
        return self.by_state[TargetState.WAITING]

    @property
    def busy(self) -> int:
        return self.by_state[TargetState.BUSY]

    @property
    def succeeded(self) -> int:
        return self.by_state[TargetState.SUCCEEDED]

    @property
    def failed(self) -> int:
        return self.by_state[TargetState.FAILED]

    @property
    def cancelled(self) -> int:
        return self.by_state[TargetState.CANCELLED]

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.cancelled

    @property
    def percent(self) -> int:
        """Of those that have an end; 100 only when all have."""
        return self.ended * 100 // self.total if self.total else 0


@dataclass
class Progress:
    """Of the whole rollout, and of each wave with its row."""

    whole: Counts
    waves: list[tuple[Wave, Counts]]


def progress(rollout: Rollout) -> Progress:
    """Two statements, whatever its size."""
    whole, by_wave = Counts(), defaultdict(Counts)
    rows = rollout.targets.order_by().values_list("wave", "state").annotate(Count("pk"))
    for wave, state, count in rows:
        whole.by_state[state] += count
        by_wave[wave].by_state[state] += count
    return Progress(whole, [(wave, by_wave[wave.number]) for wave in rollout.waves.all()])


def totals(rollouts: list[Rollout]) -> dict[int, Counts]:
    """For a list of rollouts, by id; one statement."""
    found: dict[int, Counts] = {rollout.pk: Counts() for rollout in rollouts}
    rows = Rollout.objects.filter(pk__in=found).order_by()
    for pk, state, count in rows.values_list("pk", "targets__state").annotate(Count("targets")):
        if state is not None:
            found[pk].by_state[state] += count
    return found
