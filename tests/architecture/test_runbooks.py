"""Whoever is woken by an alarm finds a page of its name, and on it where to look and how it ends."""

import re

import pytest

from tests.architecture.source import PROJECT

RUNBOOKS = PROJECT / "docs" / "runbooks"
ALARMS = {
    "queue-age",
    "failed-jobs",
    "console-errors",
    "console-latency",
    "replica-lag",
    "database-connections",
    "database-cpu",
    "redis-memory",
    "outpost-connections",
    "outpost-disconnects",
    "unhealthy-instances",
    "watchdog-restarts",
    "scheduler-silent",
    "backup-missing",
    "certificate-expiry",
    "budget",
}


def test_every_alarm_has_a_page_and_the_index_names_it() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README", "restore"}
    indexed = set(re.findall(r"\(([\w-]+)\.md\)", (RUNBOOKS / "README.md").read_text())) - {"restore"}
    assert pages == indexed == ALARMS


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_a_page_leads_nowhere_that_is_not(alarm: str) -> None:
    text = (RUNBOOKS / f"{alarm}.md").read_text()
    assert "Seen as" in text
    assert [name for name in re.findall(r"\(([\w-]+\.md)\)", text) if not (RUNBOOKS / name).exists()] == []


def test_every_metric_a_page_names_is_in_the_table() -> None:
    table = (PROJECT / "docs" / "metrics.md").read_text()
    named = {
        name
        for path in RUNBOOKS.glob("*.md")
        for name in re.findall(r"\b(?:aerie|outpost)_[a-z_]+[a-z]", path.read_text())
    }
    other = {"aerie_restored", "aerie_unfinished_restore"}  # databases and tables
    assert {name for name in named - other if name.removesuffix("_total") not in table} == set()
