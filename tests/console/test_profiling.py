"""Staff alone, where it is switched on alone, and nothing that runs in the console's own pages."""

from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.test import Client, override_settings
from django.urls import reverse

from console.profiling import ProfileRequest
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(world: World) -> Client:
    world.ada.is_staff = True
    world.ada.save()
    return world.browser(world.ada)


@pytest.fixture
def switched_on() -> Any:
    with override_settings(PROFILE_REQUESTS=True):
        yield


def address(world: World) -> str:
    return reverse("dashboard", args=[world.cafe.slug])


def test_it_is_off_unless_asked_for(settings: Any) -> None:
    assert settings.PROFILE_REQUESTS is False
    with pytest.raises(MiddlewareNotUsed):
        ProfileRequest(lambda request: None)  # type: ignore[arg-type,return-value]


def test_staff_download_it(switched_on: None, world: World, staff: Client) -> None:
    answer = staff.get(address(world), {"profile": "1"})
    assert answer["Content-Disposition"].startswith('attachment; filename="profile-')
    assert b"dashboard" in answer.content
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_or_read_it_as_text_by_a_header(switched_on: None, world: World, staff: Client) -> None:
    answer = staff.get(address(world), headers={"X-Profile": "text"})
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert b"dashboard" in answer.content


def test_customers_see_the_page_itself(switched_on: None, world: World) -> None:
    answer = world.browser(world.bo).get(address(world), {"profile": "1"})
    assert "Content-Disposition" not in answer
    assert b"<main" in answer.content


def test_staff_who_do_not_ask_do_too(switched_on: None, world: World, staff: Client) -> None:
    assert b"<main" in staff.get(address(world)).content
