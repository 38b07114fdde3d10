"""An hour without S3: people are told in words, nothing is half done, and tasks are done once it is back."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse
from django.utils import timezone as clock

from devices import storage
from devices.firmware import uploading
from devices.firmware.uploading import Details
from devices.models import FirmwareImage, Report, Task
from jobs import dispatch
from tests import images
from tests.servers import S3
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
HOUR = timedelta(hours=1)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """An S3 of this test's own, and storage that leads to it. It forgets everything when it is stopped."""
    with S3.private() as server:
        usual = storages["default"]
        monkeypatch.setattr(usual, "endpoint_url", server.url)
        monkeypatch.setattr(usual, "_connections", threading.local())
        monkeypatch.setattr(usual, "_bucket", None)
        yield server


def work(now: datetime) -> None:
    """What is due at this moment, each task once."""
    with time_machine.travel(now, tick=False):
        for pk, _kind in Task.due(clock.now()):
            dispatch.perform(pk)


@contextmanager
def away(s3: S3) -> Iterator[datetime]:
    """An hour of the tasks' clock, every twenty minutes of which they try; yields when it begins."""
    s3.stop()
    began = clock.now()
    yield began
    for minutes in range(0, 60, 20):
        work(began + timedelta(minutes=minutes))
    s3.start()


def announce(browser: Client, world: World, content: bytes) -> Any:
    form = {"file_name": "image.bin", "size": str(len(content)), "channel": "stable"}
    address = reverse("new_firmware", args=[world.cafe.slug])
    return browser.post(address, form, headers={"accept": "application/json"})


def test_an_hour_without_s3_costs_no_attempt_and_all_is_done_after(
    world: World, s3: S3, measured: Callable[..., Any]
) -> None:
    Task.objects.all().delete()
    content = images.image()
    with away(s3) as began:
        report = Report.ask(world.ada, world.cafe, began.date())
        assert world.browser(world.ada).get(reverse("firmware", args=[world.cafe.slug])).status_code == 200
        refused = announce(world.browser(world.ada), world, content)
        assert (refused.status_code, "does not answer now" in refused.content.decode()) == (422, True)
    assert [(task.attempts, task.dead) for task in Task.objects.filter(kind="report")] == [(0, False)]
    assert not FirmwareImage.objects.filter(organisation=world.cafe).exists()
    work(began + HOUR + timedelta(minutes=2))
    report.refresh_from_db()
    assert report.state == "ready"
    assert announce(world.browser(world.ada), world, content).status_code == 200
    measured(Task.objects.filter(dead=True).count(), "tasks given up", of=1)


def test_an_image_that_arrived_before_is_checked_after(world: World, s3: S3) -> None:
    content = images.image()
    image = uploading.keep(world.ada, world.cafe, "image.bin", io.BytesIO(content), len(content), Details())
    with storage.read(image.key) as file:
        kept = file.read()
    with away(s3) as began:
        pass
    storage.write(image.key, kept)  # moto forgot it; S3 does not
    (task,) = Task.objects.filter(kind="firmware")
    assert (task.attempts, task.dead) == (0, False)
    work(began + HOUR + timedelta(minutes=2))
    image.refresh_from_db()
    assert image.state == "ready"
