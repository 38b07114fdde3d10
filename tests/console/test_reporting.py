"""Errors arrive at a server that speaks Sentry's envelopes, with ids and stack and without one secret."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.test import Client
from django.urls import reverse

from console import reporting
from console.views import dashboard
from devices.models import Task
from jobs import dispatch
from jobs.queues import prompt_queue
from jobs.worker import Worker
from tests.sentry import Sentry, listening
from tests.stack import wait_for
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
MARK = "s3cr3t-M4rk"


@pytest.fixture
def sentry(settings: Any) -> Iterator[Sentry]:
    with listening() as server:
        settings.SENTRY_DSN, settings.SENTRY_ENVIRONMENT = server.dsn, "staging"
        settings.AERIE_RELEASE = "1.2.3"
        reporting.start()
        yield server
        reporting.stop()


def break_down(*_: object, **__: object) -> None:
    passphrase = MARK
    raise ValueError(f'no place for {{"passphrase": "{passphrase}"}} of {MARK}@lento.example')


def ask(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(dashboard.access, "networks", break_down)
    browser = world.browser(world.ada)
    browser.raise_request_exception = False
    browser.cookies["other"] = MARK
    address = reverse("dashboard", args=[world.cafe.slug])
    assert browser.get(address, {"q": MARK}, headers={"Authorization": f"Bearer {MARK}"}).status_code == 500


def reported(sentry: Sentry, at_least: int = 1) -> list[dict[str, Any]]:
    """What arrived in the end: a busy machine may take longer than the flush waits."""
    wait_for(lambda: len(sentry.events) >= at_least, 60)
    reporting.stop()
    return sentry.events


def test_a_broken_page_is_reported_once_with_who_and_where(
    world: World, sentry: Sentry, monkeypatch: Any
) -> None:
    ask(world, monkeypatch)
    (event,) = reported(sentry)
    assert (event["release"], event["environment"], event["user"]) == (
        "1.2.3",
        "staging",
        {"id": str(world.ada.pk)},
    )
    assert event["tags"]["view"] == "dashboard"
    assert {"path", "status", "seconds", "sql", "sql_seconds"} <= event["extra"].keys()
    assert event["exception"]["values"][-1]["type"] == "ValueError"
    assert event["exception"]["values"][-1]["stacktrace"]["frames"][-1]["function"] == "break_down"


def test_no_secret_leaves(world: World, sentry: Sentry, monkeypatch: Any) -> None:
    ask(world, monkeypatch)
    structlog.get_logger("test").error(
        "lost", password=MARK, url=f"redis://:{MARK}@redis/0", to=f"{MARK}@x.example"
    )
    assert len(reported(sentry, 2)) == 2
    assert MARK.encode() not in sentry.raw
    assert b"lento.example" not in sentry.raw


def test_a_failed_task_is_reported_by_its_kind(sentry: Sentry, monkeypatch: Any) -> None:
    monkeypatch.setitem(dispatch.KINDS, "test", dispatch.Kind(break_down, "default"))
    dispatch.perform(Task.promise("test", f"test:{MARK}@lento.example", {}).pk)
    (event,) = reported(sentry)
    assert (event["message"], event["tags"]["kind"]) == ("task failed", "test")
    assert event["exception"]["values"][-1]["stacktrace"]["frames"][-1]["function"] == "break_down"
    assert MARK.encode() not in sentry.raw


def test_a_failed_job_of_the_timetable_is_reported_with_its_stack(sentry: Sentry) -> None:
    queue = prompt_queue("default")
    queue.enqueue(f"{__name__}.break_down", job_id="timetable-test")
    Worker([queue], connection=queue.connection).work(burst=True)
    (event,) = reported(sentry)
    assert (event["message"], event["tags"]["job"]) == ("job failed", "timetable-test")
    assert event["exception"]["values"][-1]["stacktrace"]["frames"][-1]["function"] == "break_down"
    assert MARK.encode() not in sentry.raw


def test_what_is_no_error_is_not_reported(sentry: Sentry) -> None:
    Client().get("/no/such/page")
    structlog.get_logger("test").warning("expected")
    reporting.stop()
    assert sentry.events == []
