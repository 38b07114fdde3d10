"""Monthly reports in the console: who may ask, what is shown while one is built, how its files are had."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import pytest
import requests
import time_machine
from django.test import Client
from django.urls import reverse

from devices import storage
from devices.models import Report, Task
from devices.models.report import ReportState
from jobs.dispatch import perform
from tests.world import World

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)


@pytest.fixture
def bo(world: World) -> Iterator[Client]:
    """An admin, in November; the café opened in September."""
    world.cafe.created_at = datetime(2026, 9, 5, tzinfo=UTC)
    world.cafe.save()
    with time_machine.travel(NOW, tick=False):
        yield world.browser(world.bo)


def ask(browser: Client, month: str) -> str:
    address = reverse("ask_report", args=["cafe-lento"])
    return browser.post(address, {"month": month}, follow=True).content.decode()


def listed(browser: Client, **headers: str) -> str:
    return browser.get(reverse("reports", args=["cafe-lento"]), headers=headers).content.decode()


def test_only_months_there_were_are_offered(bo: Client) -> None:
    page = listed(bo)
    assert 'value="2026-11"' in page
    assert 'value="2026-09"' in page
    assert 'value="2026-08"' not in page
    assert "No reports yet" in page


def test_asking_shows_progress_that_follows(world: World, bo: Client) -> None:
    assert "is being built" in ask(bo, "2026-10")
    Report.objects.update(state=ReportState.BUILDING, progress=40)
    part = listed(bo, **{"HX-Request": "true"})
    assert 'value="40"' in part
    assert 'hx-trigger="every 2s"' in part
    assert "<html" not in part


@pytest.mark.parametrize(
    "month", ["", "2026-12", "2026-08", "9999-99", "0000-01", "'", "\0", "2026-10-10", "9" * 40]
)
def test_months_that_cannot_be_are_refused_in_words(bo: Client, month: str) -> None:
    assert "notice" in ask(bo, month)
    assert not Report.objects.exists()


def test_a_viewer_reads_and_does_not_ask(world: World, bo: Client) -> None:
    ask(bo, "2026-10")
    vi = world.browser(world.vi)
    assert "October 2026" in listed(vi)
    assert "ask_report" not in listed(vi)
    assert vi.post(reverse("ask_report", args=["cafe-lento"]), {"month": "2026-10"}).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "begins"), [("report_pdf", b"%PDF-"), ("report_csv", "\ufeffNetwork".encode())]
)
def test_its_files_are_had_from_the_storage_for_a_while(
    world: World, bo: Client, name: str, begins: bytes
) -> None:
    ask(bo, "2026-10")
    perform(Task.objects.get(kind="report").pk)
    report = Report.objects.get()
    link = world.browser(world.vi).get(reverse(name, args=["cafe-lento", report.pk]))["Location"]
    assert "cafe-lento-2026-10" in link
    assert urlsplit(link).query
    with requests.get(link, timeout=10) as answer:
        assert answer.content.startswith(begins)
    storage.remove(report.pdf)


def test_one_that_failed_can_be_tried_again(world: World, bo: Client) -> None:
    report = Report.promise(world.cafe, OCTOBER)
    Report.objects.update(state=ReportState.FAILED)
    assert "Try again" in listed(bo)
    assert "Try again" not in listed(world.browser(world.vi))
    ask(bo, "2026-10")
    report.refresh_from_db()
    assert report.state == ReportState.WAITING


def test_one_whose_workers_all_died_says_so(world: World, bo: Client) -> None:
    report = Report.promise(world.cafe, OCTOBER)
    assert "Try again" not in listed(bo)
    Task.objects.filter(key=report.task_key).update(dead=True)
    assert "Try again" in listed(bo)


def test_there_is_no_file_before_it_is_built(world: World, bo: Client) -> None:
    report = Report.promise(world.cafe, OCTOBER)
    assert bo.get(reverse("report_pdf", args=["cafe-lento", report.pk])).status_code == 404
