"""The queue's benchmark runs, at a size that takes little time, and measures what it says it does."""

import pytest

from tests.load import queue
from tests.load.findings import Spread


@pytest.mark.django_db(transaction=True)
def test_tasks_are_measured_beside_bare_jobs_and_accidents_in_seconds() -> None:
    findings = queue.measure(0.01)
    rates, times = ({str(row[0]): row[1] for row in table.rows} for table in findings.tables)
    tasks, floor = rates.values()
    assert isinstance(tasks, Spread)
    assert 0 < tasks.median < floor.median  # type: ignore[attr-defined]
    assert [goal.words for goal in findings.goals if not goal.is_met] == []
    assert len(times) == 2
