"""What fault tests measured: noted by the fixture ``measured``, and written into docs/reliability.md.

``FIGURES`` names a file that a run adds to, a JSON object a line; without it nothing is noted.
``python -m tests.faults.table FILE`` brings the last column of the table to what the file says;
rows whose tests did not run keep theirs. ``make faults`` does both.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

VARIABLE = "FIGURES"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@dataclass(frozen=True)
class Figure:
    """``value`` in ``unit``; with ``of``, so many of them that could have been."""

    test: str  # path::function
    value: float
    unit: str
    of: int | None = None
    day: str = ""

    def note(self) -> None:
        """Print it, and add it to the file of this run, if there is one."""
        print(f"measured: {told([self])}")
        if path := os.environ.get(VARIABLE):
            line = json.dumps(asdict(self) | {"day": datetime.now(UTC).date().isoformat()})
            with Path(path).open("a") as file:
                file.write(line + "\n")


def told(figures: Iterable[Figure]) -> str:
    """Several runs as one: counts added up, everything else from the least to the greatest."""
    kinds: dict[str, list[Figure]] = {}
    for figure in figures:
        kinds.setdefault(figure.unit, []).append(figure)
    return "; ".join(_told(unit, same) for unit, same in kinds.items())


def _told(unit: str, same: list[Figure]) -> str:
    if same[0].of is not None:
        return f"{sum(one.value for one in same):g} of {sum(one.of or 0 for one in same):,} {unit}"
    values = sorted(round(one.value, 1) for one in same)
    span = f"{values[0]:g}" if values[0] == values[-1] else f"{values[0]:g}–{values[-1]:g}"
    return f"{span} {unit}"


def named_in(row: str) -> list[str]:
    """The tests a line of the table names, as path::function."""
    return [f"{path}::{function}" for path, function in TEST.findall(row)]


def brought_up(page: str, figures: list[Figure]) -> str:
    """The page with what was measured in the last column of its tables."""
    return "\n".join(_row(line, figures) for line in page.split("\n"))


def _row(line: str, figures: list[Figure]) -> str:
    found = [one for test in named_in(line) for one in figures if one.test == test]
    if not line.startswith("|") or not found:
        return line
    cells = line.strip().strip("|").split("|")
    cells[-1] = f" {told(found)} ({max(one.day for one in found)}) "
    return f"|{'|'.join(cells)}|"


def main(path: str) -> None:
    figures = [Figure(**json.loads(line)) for line in Path(path).read_text().splitlines()]
    PAGE.write_text(brought_up(PAGE.read_text(), figures))


if __name__ == "__main__":
    main(sys.argv[1])
