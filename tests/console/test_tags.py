"""Tags and the firmware axis where access points are listed and shown."""

from typing import Any

import pytest
from django.urls import reverse

from devices.models import AccessPoint, Tag
from devices.tagging import set_tags
from tests.console.forms import fields, send
from tests.devices.upgrading.night import HARDWARE, NEW, OLD, Night, crowd, image
from tests.world import COUNTER, World

RENAME = reverse("rename", args=["cafe-lento", COUNTER])
PAGE = reverse("access_point", args=["cafe-lento", COUNTER])


def harbour(world: World) -> str:
    return reverse("network", args=["cafe-lento", world.harbour.pk])


def names(page: Any) -> list[str]:
    return [str(row) for row in page.context["rows"]]


def test_name_and_tags_are_edited_together(world: World) -> None:
    bo = world.browser(world.bo)
    assert send(bo, RENAME, name="Till", tags="Bar, GROUND floor,bar").status_code == 302
    assert fields(bo.get(RENAME))["tags"] == ["bar, ground floor"]
    shown = bo.get(PAGE).content.decode()
    assert f"{harbour(world)}?tag=ground+floor" in shown
    assert AccessPoint.objects.get(serial=COUNTER).name == "Till"


def test_a_form_without_tags_takes_them_all(world: World) -> None:
    set_tags(world.ada, world.counter, ["bar"])
    send(world.browser(world.bo), RENAME, tags="")
    assert not Tag.objects.exists()


@pytest.mark.parametrize(
    ("tags", "words"),
    [("x" * 41, "at most 40"), (",".join(str(n) for n in range(21)), "at most 20"), ("a\u202eb", "be shown")],
)
def test_tags_that_cannot_be_are_refused_with_nothing_lost(world: World, tags: str, words: str) -> None:
    page = send(world.browser(world.bo), RENAME, name="Till", tags=tags)
    assert page.status_code == 422
    assert words in str(page.context["form"].errors["tags"])
    assert fields(page)["name"] == ["Till"]
    assert AccessPoint.objects.get(serial=COUNTER).name == "Counter"


def test_a_change_of_tags_is_in_the_activity(world: World) -> None:
    bo = world.browser(world.bo)
    send(bo, RENAME, tags="<b>bar</b>")
    shown = bo.get(reverse("audit", args=["cafe-lento"])).content.decode()
    assert "changed the tags of Counter from “” to “&lt;b&gt;bar&lt;/b&gt;”" in shown


@pytest.mark.parametrize(("tag", "found"), [("bar", ["Counter"]), ("BAR", ["Counter"]), ("roof", [])])
def test_the_list_filters_by_tag(world: World, tag: str, found: list[str]) -> None:
    set_tags(world.ada, world.counter, ["bar", "till"])
    set_tags(world.ada, world.terrace, ["roof"])
    page = world.browser(world.vi).get(harbour(world), {"tag": tag})
    assert names(page) == found
    assert list(page.context["tags"]) == ["bar", "till"]


@pytest.mark.parametrize(
    ("state", "label"),
    [("current", "Current"), ("available", "Update available"), ("scheduled", "Scheduled")],
)
def test_the_list_filters_by_firmware(world: World, state: str, label: str) -> None:
    AccessPoint.objects.filter(serial=COUNTER).update(compatible=HARDWARE, firmware=OLD)
    crowd(world.harbour, 1, firmware=NEW, name="New")
    night = Night(world)
    night.start()
    crowd(world.harbour, 1, name="Old")
    expected = {"current": ["New"], "available": ["Old"], "scheduled": ["Counter"]}[state]
    page = world.browser(world.vi).get(harbour(world), {"firmware": state})
    assert names(page) == expected
    assert label in page.content.decode()


def test_the_page_of_one_in_a_rollout_leads_to_it(world: World) -> None:
    AccessPoint.objects.filter(serial=COUNTER).update(compatible=HARDWARE, firmware=OLD)
    vi = world.browser(world.vi)
    image(world)
    assert "Update available" in vi.get(PAGE).content.decode()
    rollout = Night(world).start()
    shown = vi.get(PAGE).content.decode()
    assert "Scheduled" in shown
    assert reverse("rollout", args=["cafe-lento", rollout.pk]) in shown
