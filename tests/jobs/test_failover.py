"""Tasks while MySQL's writer is lost: none is lost, doubled or given up for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone as clock

from devices import transactions
from devices.models import Task
from devices.transactions import run_transaction
from jobs import dispatch
from jobs.dispatch import Kind, perform


def losing(statement: str, times: int, code: int = 2013) -> Callable[..., Any]:
    """For ``execute_wrapper``: so many statements that begin like this lose their connection."""
    left = iter(range(times))

    def lose(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(statement) and next(left, None) is not None:
            raise OperationalError(code, "as if")
        return execute(sql, *rest)

    return lose


@pytest.fixture
def done(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tasks that were done, once for each time."""
    done: list[int] = []
    monkeypatch.setitem(dispatch.KINDS, "note", Kind(lambda task: done.append(task.pk), "default"))
    monkeypatch.setattr(transactions, "PAUSE", 0.01)
    return done


def test_none_is_claimed_while_there_is_no_writer(done: list[int]) -> None:
    task = Task.promise("note", "note:1", {})
    with connection.execute_wrapper(losing("UPDATE `devices_task`", 1, 1290)):
        perform(task.pk)
    task.refresh_from_db()
    assert (done, task.attempts, task.lease_until) == ([], 0, None)
    perform(task.pk)
    assert (done, Task.objects.count()) == ([task.pk], 0)


def test_the_end_of_one_is_written_once_there_is_a_writer(done: list[int]) -> None:
    task = Task.promise("note", "note:1", {})
    with connection.execute_wrapper(losing("DELETE FROM `devices_task`", 3)):
        perform(task.pk)
    assert (done, Task.objects.count()) == ([task.pk], 0)


def test_one_that_lost_the_writer_is_tried_again_within_moments(
    done: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_task: Task) -> None:
        raise OperationalError(2013, "as if")

    monkeypatch.setitem(dispatch.KINDS, "note", Kind(interrupted, "default"))
    task = Task.promise("note", "note:1", {})
    with connection.execute_wrapper(losing("UPDATE `devices_task` SET `run_after`", 2)):
        perform(task.pk)
    task.refresh_from_db()
    assert not task.dead
    assert task.lease_until is None
    assert task.run_after < clock.now() + timedelta(seconds=2)


def test_work_lost_before_its_commit_is_done_again(transactional_db: None) -> None:
    def write() -> Task:
        return Task.objects.create(kind="note", key="note:1", run_after=clock.now())

    with connection.execute_wrapper(losing("INSERT INTO `devices_task`", 2)):
        run_transaction(write)
    assert Task.objects.count() == 1


def test_a_writer_that_stays_away_is_not_waited_for_for_ever(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "PATIENCE", 0.05)
    monkeypatch.setattr(transactions, "PAUSE", 0.01)
    with connection.execute_wrapper(losing("SELECT", 10_000)), pytest.raises(OperationalError):
        transactions.patiently(lambda: Task.objects.count())
