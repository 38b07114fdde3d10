"""The queue's benchmark runs, at a size that takes little time, and measures what it says it does."""

import pytest

from tests.load import queue
from tests.load.findings import Spread


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(400)
def test_tasks_are_measured_beside_bare_jobs_and_accidents_in_seconds() -> None:
    findings = queue.measure(0.01)
    rates, times = ({str(row[0]): row[1] for row in table.rows} for table in findings.tables)
    tasks, floor = rates.values()
    assert isinstance(tasks, Spread)
    assert 0 < min(tasks.rounds) < max(floor.rounds)  # type: ignore[attr-defined]
    due, followed = times.values()
    follow, perform = findings.goals
    # The best of them: the worst is what else this machine had to do.
    assert min(due.rounds) <= perform.limit  # type: ignore[attr-defined]
    assert min(followed.rounds) <= follow.limit  # type: ignore[attr-defined]
