"""The fault table promises what tests show: each one it names is there."""

import re

import pytest

from tests.architecture.source import PROJECT, functions
from tests.faults.table import Figure, brought_up, named_in

PAGE = PROJECT / "docs" / "reliability.md"
ROWS = [line for line in PAGE.read_text().splitlines() if re.match(r"\| (?!fault)\w", line)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_fault_has_a_test_that_exists(row: str) -> None:
    named = named_in(row)
    assert named
    for path, _, function in (one.partition("::") for one in named):
        assert function in {found.name for found in functions(PROJECT / path)}


def test_what_was_measured_goes_into_its_row_alone() -> None:
    runs = [Figure("tests/a.py::test_b", value, "s", day="2026-11-21") for value in (2.04, 1.5)]
    runs.append(Figure("tests/a.py::test_b", 0, "failed", of=1200, day="2026-11-20"))
    page = "| x | `tests/a.py::test_b` | old |\n| y | `tests/a.py::test_c` | kept |\n"
    measured = "| x | `tests/a.py::test_b` | 1.5–2 s; 0 of 1,200 failed (2026-11-21) |"
    assert brought_up(page, runs) == f"{measured}\n| y | `tests/a.py::test_c` | kept |\n"
