"""What /metrics tells of queues, jobs, live store, replica and backups, asked of the real ones."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone as clock
from prometheus_client.parser import text_string_to_metric_families

from devices.live_store import live_store
from devices.models import Task
from devices.models.task import Hopeless, NotNow
from jobs import dispatch, performed
from jobs.dispatch import Kind, perform
from jobs.queues import prompt_queue
from jobs.schedule import TIMETABLE
from jobs.scheduler import Scheduler
from jobs.worker import Worker
from tests.devices.door import Door
from tests.devices.test_publishing import publish
from tests.world import COUNTER, World

pytestmark = pytest.mark.django_db(transaction=True)


def told(name: str, **labels: str) -> float | None:
    """The sample on the page; None when it is not there."""
    page = Client().get("/metrics").content.decode()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return None


def count(task: Task) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def put_off(task: Task) -> None:
    raise NotNow(clock.now() + timedelta(minutes=1), "later")


def refuse(task: Task) -> None:
    raise Hopeless("never")


def break_down(task: Task) -> None:
    raise ValueError


ENDS = [(count, "done"), (put_off, "postponed"), (refuse, "given_up"), (break_down, "failed")]


@pytest.mark.parametrize(("work", "outcome"), ENDS)
def test_every_attempt_is_counted_by_its_outcome(monkeypatch: Any, work: Any, outcome: str) -> None:
    monkeypatch.setitem(dispatch.KINDS, "test", Kind(work, "default"))
    perform(Task.promise("test", "test:1", {}).pk)
    assert told("aerie_jobs_total", kind="test", outcome=outcome) == 1
    assert told("aerie_job_seconds_bucket", kind="test", le="+Inf") == 1
    assert told("aerie_tasks_dead") == (1 if outcome == "given_up" else 0)
    assert (told("aerie_job_sql_statements_total", kind="test") or 0) >= 1


def test_slow_statements_of_jobs_are_counted_by_kind(monkeypatch: Any, settings: Any) -> None:
    settings.SLOW_QUERY_SECONDS = 0.0
    monkeypatch.setitem(dispatch.KINDS, "test", Kind(count, "default"))
    perform(Task.promise("test", "test:1", {}).pk)
    assert (told("aerie_job_slow_queries_total", kind="test") or 0) >= 1


def test_the_timetables_jobs_are_counted_by_the_worker() -> None:
    Scheduler().install()
    Scheduler().run(burst=True)
    Worker([prompt_queue("critical")], connection=prompt_queue("critical").connection).work(burst=True)
    assert {entry.name for entry in TIMETABLE} > {"dispatch", "reconcile"}
    assert told("aerie_jobs_total", kind="dispatch", outcome="done") == 1
    assert told("aerie_jobs_total", kind="reconcile", outcome="done") == 1


def test_workers_of_a_queue_are_counted() -> None:
    queue = prompt_queue("reports")
    assert told("aerie_workers", queue="reports", state="idle") == 0
    worker = Worker([queue], connection=queue.connection)
    worker.register_birth()
    assert told("aerie_workers", queue="reports", state="idle") == 1
    worker.set_state("busy")
    assert told("aerie_workers", queue="reports", state="busy") == 1
    assert told("aerie_workers", queue="reports", state="idle") == 0


def test_the_live_store_tells_how_much_it_holds(world: World, door: Door) -> None:
    publish(world.harbour)
    door.arrive(COUNTER)
    assert told("aerie_live_store_up") == 1
    assert told("aerie_live_store_access_points") == 1
    assert (told("aerie_live_store_facts") or 0) >= 1
    assert (told("aerie_live_store_bytes") or 0) > 100_000
    assert (told("aerie_live_store_keys") or 0) == live_store().figures().keys


def test_who_is_away_is_told_and_hides_nothing_else(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(performed, "KEY", "a string")
    prompt_queue("default").connection.set("a string", "not a hash")
    assert told("aerie_queue_up") == 0
    assert told("aerie_tasks_up") == told("aerie_live_store_up") == 1


def test_a_run_that_cannot_be_counted_is_done_all_the_same(monkeypatch: Any) -> None:
    monkeypatch.setattr(performed, "KEY", "a string")
    prompt_queue("default").connection.set("a string", "not a hash")
    monkeypatch.setitem(dispatch.KINDS, "test", Kind(count, "default"))
    perform(Task.promise("test", "test:1", {}).pk)
    assert not Task.objects.exists()


def test_release_and_backups_are_told(settings: Any) -> None:
    settings.AERIE_RELEASE = "1.2.3"
    assert told("aerie_release", release="1.2.3") == 1
    assert told("aerie_backup_age_seconds") is not None
    assert told("aerie_replica_up") is None
