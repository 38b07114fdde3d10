"""Tasks: promised with the change, claimed by one, never lost, never closed by a late worker."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from devices.models import Task
from devices.models.task import LEASE, MAX_ATTEMPTS

pytestmark = pytest.mark.django_db
SOON = timedelta(seconds=1)


@pytest.fixture
def task() -> Task:
    return Task.promise("publish", "publish:1", {"network": 1})


def later(task: Task, by: timedelta = SOON) -> datetime:
    return task.run_after + by


def test_a_promise_rolls_back_with_its_transaction() -> None:
    with transaction.atomic():
        Task.promise("publish", "publish:2", {})
        transaction.set_rollback(True)
    assert not Task.objects.exists()


def test_the_word_goes_out_after_the_commit(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:  # type: ignore[no-untyped-def]
    told: list[tuple[int, str]] = []
    monkeypatch.setattr(Task, "wake", lambda pk, kind: told.append((pk, kind)))
    with django_capture_on_commit_callbacks(execute=True):
        task = Task.promise("publish", "publish:3", {})
        assert told == []
    assert told == [(task.pk, "publish")]


def test_one_claim_wins(task: Task) -> None:
    assert Task.claim(task.pk, later(task)) is not None
    assert Task.claim(task.pk, later(task)) is None


def test_a_dead_workers_task_is_free_again_after_its_lease(task: Task) -> None:
    Task.claim(task.pk, later(task))
    assert Task.due(later(task)) == []
    assert Task.due(later(task, LEASE + 2 * SOON)) == [(task.pk, "publish")]


def test_done_leaves_no_row(task: Task) -> None:
    claimed = Task.claim(task.pk, later(task))
    assert claimed is not None
    assert claimed.done()
    assert not Task.objects.exists()


def test_what_was_promised_again_meanwhile_runs_once_more(task: Task) -> None:
    claimed = Task.claim(task.pk, later(task))
    assert claimed is not None
    Task.promise("publish", "publish:1", {"network": 1})
    assert not claimed.done()
    assert Task.due(datetime.now(UTC) + SOON) == [(task.pk, "publish")]


def test_a_late_worker_cannot_close_what_another_took_over(task: Task) -> None:
    late = Task.claim(task.pk, later(task))
    taken_over = Task.claim(task.pk, later(task, 2 * LEASE))
    assert late is not None
    assert taken_over is not None
    late.done()
    assert Task.objects.get().fence == taken_over.fence


def test_a_failure_waits_longer_each_time_and_ends_dead(task: Task) -> None:
    now = later(task)
    for attempt in range(MAX_ATTEMPTS):
        claimed = Task.claim(task.pk, now)
        assert claimed is not None, attempt
        claimed.failed("no luck", now)
        now += timedelta(hours=1)
    dead = Task.objects.get()
    assert (dead.dead, dead.last_error, Task.due(now)) == (True, "no luck", [])


@pytest.mark.parametrize("attempts", [0, MAX_ATTEMPTS - 1])
def test_promised_again_while_it_fails_it_is_due_at_once(task: Task, attempts: int) -> None:
    Task.objects.update(attempts=attempts)
    claimed = Task.claim(task.pk, later(task))
    assert claimed is not None
    Task.promise("publish", "publish:1", {"network": 1})
    claimed.failed("no luck", later(task))
    assert Task.due(datetime.now(UTC) + SOON) == [(task.pk, "publish")]


def test_a_new_promise_revives_a_dead_task(task: Task) -> None:
    Task.objects.update(dead=True, attempts=MAX_ATTEMPTS)
    Task.promise("publish", "publish:1", {"network": 1})
    assert Task.due(datetime.now(UTC) + SOON) == [(task.pk, "publish")]
