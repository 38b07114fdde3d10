"""The background tasks in a real browser, for those who run Aerie."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from devices.models import Task
from devices.models.task import MAX_ATTEMPTS
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "A" * 40


@pytest.fixture
def staff(world: World, page: Page, sign_in: Any) -> Page:
    """Ada runs this Aerie."""
    User.objects.filter(pk=world.ada.pk).update(is_staff=True)
    sign_in(world.ada)
    Task.objects.all().delete()
    return page


@pytest.fixture
def dead() -> Task:
    """Its key and its error as long as can be."""
    task = Task.promise("clear_firmware", f"mail:{LONG * 2}", {})
    Task.objects.update(
        dead=True, attempts=MAX_ATTEMPTS, last_error=f"UnknownKind at {LONG * 4}", progress=99
    )
    return task


def test_nothing_to_do_is_accessible(staff: Page, live_server: Any, assert_accessible: Any) -> None:
    staff.goto(live_server.url + reverse("tasks"))
    expect(staff.get_by_text("Nothing waits here.")).to_be_visible()
    assert_accessible(staff)


def test_the_list_and_dropping_are_accessible(
    staff: Page, dead: Task, live_server: Any, assert_accessible: Any
) -> None:
    for number in range(60):
        Task.promise("publish", f"publish:{number}", {"network": number})
    staff.goto(live_server.url + reverse("tasks"))
    expect(staff.get_by_text("Given up").first).to_be_visible()
    assert_accessible(staff)
    staff.get_by_role("link", name=f"Drop {dead.key}").click()
    staff.get_by_role("textbox").fill("something else")
    staff.get_by_role("button", name="Drop").click()
    expect(staff.get_by_role("alert")).to_be_visible()
    assert_accessible(staff)


def test_a_dead_one_is_tried_again(staff: Page, dead: Task, live_server: Any) -> None:
    staff.goto(live_server.url + reverse("tasks"))
    staff.get_by_role("button", name=f"Try again {dead.key}").click()
    expect(staff.get_by_text("1 task is tried again.")).to_be_visible()
    dead.refresh_from_db()
    assert not dead.dead
