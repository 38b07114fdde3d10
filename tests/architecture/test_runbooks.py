"""Whoever is woken by an alarm finds a page of its name, and on it where to look and how it ends."""

import re

import pytest

from tests.architecture.source import PROJECT

RUNBOOKS = PROJECT / "docs" / "runbooks"
PAGES = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}


def test_the_index_names_every_page() -> None:
    """That every alarm has one is tests/architecture/test_infrastructure.py's."""
    assert set(re.findall(r"\(([\w-]+)\.md\)", (RUNBOOKS / "README.md").read_text())) == PAGES


@pytest.mark.parametrize("alarm", sorted(PAGES - {"restore"}))
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
