"""Each night one backup, whatever is killed; and when none came, the operators hear of it once a day."""

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.checks.registry import registry
from django.core.files.storage import storages
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone as clock

from devices.backups import catalogue, creating
from devices.backups.age import Age, complain
from devices.models import Task
from devices.models.task import LeaseLost
from jobs import backups
from jobs.models import Occasion
from tests.devices.backups.conftest import database, whole
from tests.devices.backups.safe import Safe

__all__ = ["database", "whole"]


def night(at: datetime) -> Task:
    task = Task.promise("backup", f"entry:backup:{at:%F}", {"at": at.isoformat()})
    claimed = Task.claim(task.pk, clock.now())
    assert claimed is not None
    return claimed


@pytest.fixture(autouse=True)
def _nothing_promised(database: Safe) -> None:
    Task.objects.all().delete()
    Occasion.objects.all().delete()
    MigrationRecorder.Migration.objects.update(applied=datetime(2026, 1, 1, 12, tzinfo=UTC))


def test_an_occasion_makes_one_backup_however_often_it_runs(database: Safe) -> None:
    at = clock.now() - timedelta(seconds=2)
    task = night(at)
    backups.create(task)
    backups.create(task)
    assert len(catalogue.names()) == 1
    assert task.done()


def test_the_next_occasion_makes_another(database: Safe) -> None:
    backups.create(night(clock.now() - timedelta(seconds=2)))
    with time_machine.travel(clock.now() + timedelta(days=1)):
        backups.create(night(clock.now() - timedelta(seconds=2)))
    assert len(catalogue.names()) == 2


def test_who_lost_the_lease_leaves_nothing_that_counts(database: Safe) -> None:
    task = night(clock.now())
    Task.objects.filter(pk=task.pk).update(fence=task.fence + 1)
    with pytest.raises(LeaseLost):
        backups.create(task)
    assert catalogue.names() == []


def test_the_lease_is_kept_also_while_no_bytes_flow(database: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "HOLD_EVERY", 0.01)
    task = night(clock.now())
    mine = Task.objects.filter(pk=task.pk)
    with backups._held(task):
        mine.update(lease_until=clock.now())
        assert _soon(lambda: mine.get().lease_until > clock.now())


def test_who_loses_the_lease_on_the_way_is_stopped(database: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "HOLD_EVERY", 0.01)
    task = night(clock.now())
    with backups._held(task) as tell:
        tell(1)
        Task.objects.filter(pk=task.pk).update(fence=task.fence + 1)
        with pytest.raises(LeaseLost):
            _soon(lambda: tell(1) is not None)


def _soon(so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not so() and time.monotonic() < deadline:
        time.sleep(0.01)
    return so()


def test_without_keys_the_night_passes_quietly(database: Safe, settings: Any) -> None:
    settings.BACKUP_KEYS = []
    backups.create(night(clock.now()))
    assert backups.check()
    assert catalogue.names() == []


def test_operators_hear_once_a_day_that_there_is_none(database: Safe) -> None:
    with time_machine.travel(datetime(2026, 5, 4, 6, tzinfo=UTC), tick=False) as time:
        for _hour in range(5):
            assert not backups.check()
            time.shift(3600)
        mails = Task.objects.filter(kind="operators-mail")
        assert [mail.promises for mail in mails] == [1]
        assert "never" in mails[0].payload["lines"][0]
        time.shift(86_400)
        backups.check()
        assert mails.all().count() == 2


@pytest.mark.parametrize(("hours", "well"), [(1, True), (25, True), (27, False)])
def test_who_was_installed_lately_has_had_no_night_yet(database: Safe, hours: int, well: bool) -> None:
    with time_machine.travel(datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(hours=hours)):
        assert backups.check() is well


def test_a_storage_that_is_away_does_not_pass_for_well(
    database: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = storages.create_storage(storages.backends["default"])
    elsewhere.bucket_name = "nowhere"
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "default_storage", elsewhere)
        assert not backups.check()
    (mail,) = Task.objects.filter(kind="operators-mail")
    assert "does not answer (NoSuchBucket)" in mail.payload["lines"][0]


def test_a_backup_from_the_future_neither_stands_in_for_tonights_nor_quiets_the_alarm(database: Safe) -> None:
    with time_machine.travel(clock.now() + timedelta(days=3000)):
        creating.create(clock.now())
    assert not backups.check()
    backups.create(night(clock.now() - timedelta(seconds=2)))
    assert len(catalogue.names()) == 2
    assert backups.check()


def test_who_ought_to_have_keys_is_told(database: Safe, settings: Any) -> None:
    assert complain(None) == []
    settings.BACKUP_KEYS = []
    assert [message.id for message in complain(None)] == ["aerie.W001"]
    assert complain in registry.get_checks()


def test_an_alarm_that_was_sent_is_not_sent_again_the_same_day(database: Safe) -> None:
    with time_machine.travel(datetime(2026, 5, 4, 6, tzinfo=UTC), tick=False):
        backups.check()
        Task.objects.all().delete()
        backups.check()
        assert not Task.objects.exists()


@pytest.mark.parametrize(("hours", "well"), [(25, True), (27, False)])
def test_the_alarm_is_about_26_hours(database: Safe, hours: int, well: bool) -> None:
    manifest = creating.create(clock.now())
    with time_machine.travel(manifest.created_at + timedelta(hours=hours)):
        assert backups.check() is well


def test_the_age_is_told_at_once_and_looked_up_beside(database: Safe) -> None:
    age = Age()
    assert math.isnan(age())
    _wait_for_the_look()
    assert age() == math.inf
    creating.create(clock.now())
    again = Age()
    again()
    _wait_for_the_look()
    assert 0 <= again() < 60


def _wait_for_the_look() -> None:
    for thread in threading.enumerate():
        if thread.name == "backup-age":
            thread.join(60)
