"""From pages of metrics to CloudWatch: nothing summed that many tell, nothing told that is not known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance import figures, scrape
from instance.figures import Figure
from instance.identity import Identity
from instance.metrics import Meter
from instance.settings import Settings
from tests.ops.aws import LocalAws

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAGE = """
# HELP aerie_tasks_dead Tasks given up
aerie_tasks_dead 2.0
aerie_queue_oldest_seconds{queue="critical"} 3.0
aerie_queue_oldest_seconds{queue="reports"} 0.0
aerie_tasks_late_seconds{queue="critical"} 90.5
aerie_queue_jobs{queue="critical"} 4.0
aerie_queue_jobs{queue="reports"} 50.0
aerie_tasks_due{queue="critical"} 6.0
aerie_workers{queue="critical",state="busy"} 1.0
aerie_workers{queue="default",state="idle"} 2.0
aerie_workers{queue="reports",state="busy"} 1.0
aerie_scheduler_tick_age_seconds 0.7
aerie_replica_lag_seconds{pid="1"} 1.0
aerie_replica_lag_seconds{pid="2"} 2.5
aerie_backup_age_seconds 7200
something_else{label="a \\"quoted\\" word"} NaN
"""


def _told(page: str) -> dict[tuple[str, ...], float]:
    found = figures.of_console(scrape.parse(page))
    return {(one.name, *(value for _, value in one.labels)): one.value for one in found}


def test_a_consoles_page_becomes_figures() -> None:
    assert _told(PAGE) == {
        ("QueueAgeSeconds", "critical"): 90.5,
        ("QueueAgeSeconds", "reports"): 0.0,
        ("TasksDead",): 2.0,
        ("SchedulerTickAgeSeconds",): 0.7,
        ("ReplicaLagSeconds",): 2.5,
        ("BackupAgeHours",): 2.0,
        ("QueueLengthPerWorker",): 2.0,
        ("WorkersBusyShare",): pytest.approx(100 / 3),
    }


def test_what_is_not_on_the_page_is_not_told() -> None:
    assert _told("") == {}
    assert _told("aerie_backup_age_seconds NaN") == {}


def test_a_backup_that_never_was_rings() -> None:
    assert _told("aerie_backup_age_seconds +Inf") == {("BackupAgeHours",): figures.NEVER}


def test_work_without_a_worker_counts_as_one_workers() -> None:
    told = _told('aerie_workers{queue="default",state="idle"} 0\naerie_queue_jobs{queue="default"} 9')
    assert told == {("QueueLengthPerWorker",): 9.0}


def test_an_outposts_processes_are_one_figure() -> None:
    found = figures.of_outpost(scrape.parse('outpost_sessions{pid="1"} 3\noutpost_sessions{pid="2"} 4'), NOW)
    assert found == [Figure("OutpostConnections", 7.0, "Count")]


@pytest.mark.parametrize(("days", "told"), [(3, [3.0]), (-1, [-1.0]), (None, [])])
def test_what_is_left_of_the_certificate_that_outposts_show(days: int | None, told: list[float]) -> None:
    ends = 0 if days is None else (NOW + timedelta(days=days)).timestamp()
    found = figures.of_outpost(scrape.parse(f"outpost_certificate_not_after_seconds {ends}"), NOW)
    assert found == [Figure("CertificateDaysLeft", left) for left in told]


@given(st.text())
def test_no_page_breaks_it(text: str) -> None:
    figures.of_console(scrape.parse(text + PAGE.replace("critical", text)))


def test_restarts_are_told_once_also_by_the_next_process(
    amazon: LocalAws, here: Identity, tmp_path: Path
) -> None:
    (tmp_path / "agent").mkdir()
    (tmp_path / "watchdog-restarts").write_text("console.service\nconsole.service\n")
    settings = Settings(run=tmp_path)
    counts = [
        Meter(settings, here, amazon.client("cloudwatch")).put(NOW)[0].value,
        Meter(settings, here, amazon.client("cloudwatch")).put(NOW)[0].value,
    ]
    assert counts == [2.0, 0.0]
