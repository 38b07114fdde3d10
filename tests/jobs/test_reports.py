"""From asking to two files in S3, whatever is killed on the way."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.utils import timezone as clock

from devices import storage
from devices.models import Report, Task
from devices.models.report import ReportRefused, ReportState
from devices.reporting import building, gathering
from devices.reporting.building import last_month, promise_month
from jobs.dispatch import perform
from tests.devices.reporting.months import HOUR, NOW, live_through
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
OCTOBER = date(2026, 10, 1)


@pytest.fixture
def october(world: World) -> Report:
    live_through(world)
    world.cafe.created_at = datetime(2026, 1, 5, tzinfo=UTC)
    world.cafe.save()
    with time_machine.travel(NOW):
        return Report.ask(world.bo, world.cafe, date(2026, 10, 17))


def run(report: Report) -> Report:
    with time_machine.travel(NOW + HOUR, tick=False):
        perform(Task.objects.get(key=f"report:{report.pk}").pk)
    report.refresh_from_db()
    return report


def files(report: Report) -> tuple[bytes, bytes]:
    with storage.read(report.pdf) as pdf, storage.read(report.csv) as table:
        return pdf.read(), table.read()


def test_asking_is_written_down_and_builds_two_files(world: World, october: Report) -> None:
    built = run(october)
    assert (built.state, built.progress, built.asked_by, built.month) == ("ready", 100, world.bo, OCTOBER)
    pdf, table = files(built)
    assert pdf.startswith(b"%PDF-")
    assert b"Counter" in table
    assert world.cafe.audit_entries.filter(verb="report.ask", actor=world.bo).exists()
    assert not Task.objects.filter(kind="report").exists()


def test_asked_again_it_is_the_same_row_and_the_same_bytes(world: World, october: Report) -> None:
    first = files(run(october))
    with time_machine.travel(NOW):
        again = Report.ask(world.ada, world.cafe, OCTOBER)
    # The files of the time before can be had until the new ones are there.
    assert (again.pk, again.state, again.pdf) == (october.pk, "waiting", october.pdf)
    second = run(again)
    assert second.state == "ready"
    assert files(second)[0] == first[0]


@pytest.mark.parametrize("place", ["gather", "csv", "pdf", "last"])
def test_killed_anywhere_it_ends_the_same(
    october: Report, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    expected = files(run(october))
    with time_machine.travel(NOW):
        Report.promise(october.organisation, OCTOBER)
    with monkeypatch.context() as patch:
        _kill_at(patch, place)
        with pytest.raises(KeyboardInterrupt):
            run(october)
    october.refresh_from_db()
    assert october.state == ReportState.BUILDING
    Task.objects.update(lease_until=None)  # which runs out
    assert run(october).state == ReportState.READY
    assert files(october) == expected


def _kill_at(patch: pytest.MonkeyPatch, place: str) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    def unless(write: Callable[..., None], ending: str) -> Callable[..., None]:
        return lambda key, content: die() if key.endswith(ending) else write(key, content)

    if place == "gather":
        patch.setattr(gathering.Month, "_add_days", die)
    elif place == "last":
        patch.setattr(building, "as_pdf", lambda _contents: (_ for _ in ()).throw(KeyboardInterrupt))
    else:
        patch.setattr(storage, "write", unless(storage.write, place))


def test_one_that_fails_says_so_and_is_tried_again(october: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(building, "as_pdf", lambda _contents: 1 / 0)
        assert run(october).state == ReportState.FAILED
    assert Task.objects.get(key=f"report:{october.pk}").last_error.startswith("ZeroDivisionError")
    Task.objects.update(run_after=NOW)
    assert run(october).state == ReportState.READY


def test_a_worker_that_was_overtaken_marks_nothing(october: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(contents: Any) -> bytes:
        Task.objects.update(fence=99)
        return b"late"

    monkeypatch.setattr(building, "as_pdf", overtaken)
    assert run(october).state == ReportState.BUILDING


@pytest.mark.parametrize("month", [date(2026, 12, 1), date(2025, 12, 1)])
def test_months_that_cannot_be_are_refused(world: World, october: Report, month: date) -> None:
    with time_machine.travel(NOW), pytest.raises(ReportRefused):
        Report.ask(world.bo, world.cafe, month)
    assert Report.objects.count() == 1


def test_every_organisation_with_access_points_gets_last_month_once(world: World) -> None:
    world.lobby.release(world.otto)
    Task.objects.filter(kind="report").delete()
    assert promise_month(OCTOBER, lambda: None) == 1
    assert promise_month(OCTOBER, lambda: None) == 0
    assert Report.objects.get().organisation == world.cafe
    Report.objects.update(state="ready", ready_at=NOW + 2 * HOUR)
    assert promise_month(OCTOBER, lambda: None) == 0


@pytest.mark.parametrize(
    "early", [datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 1, 0, 30, tzinfo=UTC)]
)
def test_one_built_before_the_month_was_all_counted_is_built_anew(world: World, early: datetime) -> None:
    """Half an hour after its end the last hour was not rolled up yet."""
    Report.objects.create(organisation=world.cafe, month=OCTOBER, state="ready", ready_at=early)
    promise_month(OCTOBER, lambda: None)
    assert world.cafe.reports.get().state == ReportState.WAITING


def test_one_that_fails_at_once_is_promised_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the storage is away all fail sooner than the next batch is looked for."""
    monkeypatch.setattr(building, "ORGANISATIONS", 1)
    looks = iter(range(10))

    def hold() -> None:
        next(looks)
        Report.objects.update(state=ReportState.FAILED)

    assert promise_month(OCTOBER, hold) == 2


def test_the_month_before() -> None:
    assert last_month(date(2026, 11, 1)) == OCTOBER
    assert last_month(date(2026, 1, 31)) == date(2025, 12, 1)
    assert last_month(clock.now().date()).day == 1


def test_the_first_of_a_month_promises_the_month_before(world: World) -> None:
    """However late it comes to it."""
    Task.promise("reports", "occasion", {"at": "2026-11-01T04:00:00+00:00"})
    with time_machine.travel(NOW + 40 * 24 * HOUR):
        perform(Task.objects.get(key="occasion").pk)
    assert set(Report.objects.values_list("month", flat=True)) == {OCTOBER}
    assert Report.objects.count() == Task.objects.filter(kind="report").count() == 2
