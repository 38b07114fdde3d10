"""What a benchmark hands back: tables of figures, and the goals they are held against."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def number(value: float) -> str:
    """Three significant digits, thousands set apart: 0.84, 5.12, 23.1, 7,032."""
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{places}f}"


@dataclass(frozen=True)
class Spread:
    """One figure per round of the same measurement. Printed as median (least–most)."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        if len(self.rounds) == 1:
            return number(self.median)
        return f"{number(self.median)} ({number(min(self.rounds))}–{number(max(self.rounds))})"

    def times(self, other: "Spread") -> str:
        """How many times the other this is, by the medians; nothing can be said beside zero."""
        return f"{number(self.median / other.median)}×" if other.median else "–"


@dataclass(frozen=True)
class Table:
    """Cells as they are printed."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def __str__(self) -> str:
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


@dataclass(frozen=True)
class Goal:
    """A figure the design promises: ``measured`` is at most ``limit``, both in ``unit``."""

    words: str
    limit: float
    measured: float
    unit: str

    @property
    def is_met(self) -> bool:
        return self.measured <= self.limit

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "not met"
        measured, limit = number(self.measured), number(self.limit)
        return f"{self.words}: {measured} {self.unit}, goal at most {limit}: **{verdict}**"


@dataclass(frozen=True)
class Findings:
    """Everything one benchmark found out. ``sample`` says in words what it was measured on."""

    sample: str
    tables: Sequence[Table]
    goals: Sequence[Goal] = ()

    def __str__(self) -> str:
        goals = "\n".join(f"- {goal}" for goal in self.goals)
        return "\n\n".join(part for part in (self.sample, *map(str, self.tables), goals) if part)


def compared(spreads: dict[str, Spread], floor: str, unit: str) -> Table:
    """One line per contestant, each beside the one called ``floor``."""
    rows = [(name, spread, spread.times(spreads[floor])) for name, spread in spreads.items()]
    return Table(("", unit, "beside the floor"), rows)
