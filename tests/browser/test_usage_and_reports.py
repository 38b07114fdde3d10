"""Charts and reports in a real browser: drawn under the strict CSP, read without sight, on a phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone as clock
from playwright.sync_api import Page, expect

from accounts.models import User
from devices.models import Report, Task, Usage
from jobs.dispatch import perform
from tests.world import World, build

Address = Callable[..., str]


@pytest.fixture
def town(transactional_db: None) -> World:
    return build()


@pytest.fixture
def desk(page: Page, town: World, sign_in: Callable[[User], None]) -> Page:
    sign_in(town.ada)
    return page


@pytest.fixture
def at(live_server: Any) -> Address:
    return lambda name, *rows: live_server.url + reverse(name, args=["cafe-lento", *rows])


def use(town: World) -> None:
    now = clock.now().replace(second=0, microsecond=0)
    rows = [
        Usage(
            access_point=town.counter,
            network=town.harbour,
            at=now - timedelta(minutes=now.minute % 5 + 5 * n),
            clients=n % 12,
            downloaded=n % 50 * 10**7,
            uploaded=n % 30 * 10**6,
        )
        for n in range(200)
    ]
    Usage.objects.bulk_create(rows)


def test_a_day_is_drawn_and_told(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None]
) -> None:
    use(town)
    desk.goto(at("usage", town.harbour.pk))
    expect(desk.locator("canvas")).to_have_count(2)
    painted = desk.evaluate(
        "() => [...document.querySelectorAll('canvas')].every(c => "
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v))"
    )
    assert painted
    desk.get_by_text("The same as a table").click()
    quarters = {row.at.timestamp() // 900 for row in Usage.objects.all()}
    expect(desk.locator("details tbody tr")).to_have_count(len(quarters))
    assert_accessible(desk)


def test_a_report_is_asked_for_followed_and_had(
    desk: Page, town: World, at: Address, assert_accessible: Callable[[Page], None]
) -> None:
    desk.goto(at("reports"))
    assert_accessible(desk)
    desk.get_by_role("button", name="Build").click()
    expect(desk.get_by_role("progressbar")).to_be_visible()
    assert_accessible(desk)
    perform(Task.objects.get(kind="report").pk)
    expect(desk.get_by_role("link", name="PDF")).to_be_visible()
    expect(desk.get_by_text("Ready")).to_be_visible()
    assert_accessible(desk)
    assert Report.objects.get().progress == 100


def test_on_a_phone_the_open_tab_is_in_view(desk: Page, town: World, at: Address) -> None:
    desk.set_viewport_size({"width": 360, "height": 740})
    for name, rows in (("audit", ()), ("network_settings", (town.harbour.pk,))):
        desk.goto(at(name, *rows))
        for tab in desk.locator("nav [aria-current=page]").all():
            box = tab.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 360
