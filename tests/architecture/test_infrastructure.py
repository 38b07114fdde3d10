"""Terraform fits the rest: a runbook for every alarm, figures that are told, variables that are read."""

import re
from collections.abc import Iterator

from tests.architecture.source import PROJECT

RUNBOOKS = PROJECT / "docs" / "runbooks"
# How to do something, and the table of contents, instead of what to do when an alarm comes.
PROCEDURES = {"README", "restore"}
# The budget writes its mails itself; no alarm of CloudWatch's does.
OWN_MAILS = {"budget"}


def test_every_alarm_has_a_runbook() -> None:
    assert not {what for what in _alarms() if not (RUNBOOKS / f"{what}.md").exists()}


def test_every_runbook_is_an_alarms_or_a_procedure() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} - PROCEDURES <= _alarms()


def test_an_alarm_names_its_runbook_in_its_description() -> None:
    alarm = (PROJECT / "terraform/modules/alarm/main.tf").read_text()
    assert re.search(r'alarm_description\s+= ".* docs/runbooks/\$\{var\.what\}\.md"', alarm)


def test_alarms_and_scaling_go_by_figures_that_instances_tell() -> None:
    told = (PROJECT / "instance/figures.py").read_text()
    assert {"QueueAgeSeconds", "OutpostConnections"} <= set(_figures())
    assert not {name for name in _figures() if f'"{name}"' not in told}


def test_silence_rings_where_nobody_else_would_tell_of_it() -> None:
    silent = {what for what, text in _alarm_blocks() if re.search(r'missing\s+= "breaching"', text)}
    assert silent == {
        *("scheduler-silent", "backup-missing", "unhealthy-instances"),
        *("outpost-connections", "certificate-expiry"),
    }


def test_of_what_every_console_tells_the_worst_counts() -> None:
    """Nothing that they share is added up, and none of them covers up for another."""
    shared = {"queue-age", "failed-jobs", "scheduler-silent", "backup-missing"}
    told = [(what, text) for what, text in _alarm_blocks() if what in shared]
    stats = {(what, stat) for what, text in told for stat in re.findall(r'stat\s+= "(\w+)"', text)}
    assert stats == {(what, "Maximum") for what in shared}


def test_the_dashboard_shows_the_outposts_alarms_too() -> None:
    dashboard = (PROJECT / "terraform/app/dashboard.tf").read_text()
    listed = re.findall(r"outpost_alarms = \[(.*?)\]", dashboard, re.DOTALL)[0]
    theirs = (PROJECT / "terraform/outpost/alarms.tf").read_text()
    assert set(re.findall(r'"([^"]+)"', listed)) == {
        "-".join(found) if found[1] else found[0]
        for found in re.findall(r'  what\s+= "([^"]+)"(?:\n  part\s+= "([^"]+)")?', theirs)
    }


def test_instances_are_told_no_variable_that_nobody_reads() -> None:
    known = set(re.findall(r"^([A-Z0-9_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    told = {name for text in _terraform("published.tf") for name in re.findall(r"\s([A-Z][A-Z_]+) +=", text)}
    assert "ALLOWED_HOSTS" in told
    assert told <= known


def _alarms() -> set[str]:
    """Every <what> of a module "alarm"."""
    found = {what for text in _terraform("*.tf") for what in re.findall(r'^  what\s+= "([^"]+)"', text, re.M)}
    assert len(found) > 10
    return found | OWN_MAILS


def _alarm_blocks() -> list[tuple[str, str]]:
    """Each module "alarm": its <what>, and what it says."""
    blocks = [block for text in _terraform("alarms.tf") for block in text.split('\nmodule "')[1:]]
    return [(re.findall(r'what\s+= "([^"]+)"', block)[0], block) for block in blocks]


def _figures() -> Iterator[str]:
    """Names of metrics in the namespace Aerie, which is the default where none is said."""
    for text in _terraform("*.tf"):
        for before, name in re.findall(r'\{([^{}]*?)\bname\s*=\s*"([A-Z]\w+)",?\s*\n?\s*dimensions', text):
            if "namespace" not in before:
                yield name
        yield from re.findall(r'\bmetric\s+= "([A-Z]\w+)"', text)


def _terraform(pattern: str) -> list[str]:
    return [
        path.read_text()
        for state in ("app", "outpost")
        for path in (PROJECT / "terraform" / state).glob(pattern)
    ]
