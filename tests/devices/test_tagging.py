"""Tags on access points."""

import pytest

from accounts.naming import BadName
from devices.models import AccessPoint, Tag
from devices.tagging import MOST_TAGS, TooManyTags, read_tags, set_tags
from tests.world import World


def names(world: World) -> list[str]:
    return list(world.cafe.tags.values_list("name", flat=True))


def test_tags_are_read_as_people_write_them() -> None:
    assert read_tags(" Lobby, phase  2,,\nlobby ,ÉTAGE") == ["lobby", "phase 2", "étage"]
    assert read_tags(" , \n") == []


def test_a_tag_that_cannot_be_is_refused_in_words() -> None:
    for text in ("x" * 41, "a\u202eb", "\u200b"):
        with pytest.raises(BadName):
            read_tags(text)
    with pytest.raises(TooManyTags, match="at most 20 tags; these are 21"):
        read_tags(",".join(f"t{n}" for n in range(MOST_TAGS + 1)))


def test_the_longest_tag_and_the_most_tags_fit(world: World) -> None:
    wanted = read_tags(",".join(f"{n:040d}" for n in range(MOST_TAGS)))
    set_tags(world.ada, world.counter, wanted)
    assert names(world) == wanted


def test_a_tag_is_shared_and_gone_with_its_last_access_point(world: World) -> None:
    set_tags(world.ada, world.counter, ["bar", "lobby"])
    set_tags(world.ada, world.window, ["lobby"])
    set_tags(world.ada, world.counter, [])
    assert names(world) == ["lobby"]
    world.window.release(world.ada)
    assert names(world) == []


def test_a_removed_network_takes_its_tags_along(world: World) -> None:
    set_tags(world.ada, world.terrace, ["outside"])
    world.market.remove(world.ada)
    assert names(world) == []


def test_letters_with_marks_are_letters_of_their_own(world: World) -> None:
    set_tags(world.ada, world.counter, ["cafe", "café"])
    assert AccessPoint.objects.filter(tags__name="cafe").count() == 1
    assert names(world) == ["cafe", "café"]


def test_organisations_do_not_share_tags(world: World) -> None:
    set_tags(world.ada, world.counter, ["lobby"])
    set_tags(world.otto, world.lobby, ["lobby"])
    set_tags(world.ada, world.counter, [])
    assert Tag.objects.get().organisation == world.hotel


def test_a_change_of_tags_is_audited_once(world: World) -> None:
    for wanted in (["bar"], ["bar"], ["roof"]):
        set_tags(world.ada, world.counter, wanted)
    found = world.cafe.audit_entries.filter(verb="access_point.tag").order_by("pk")
    assert [(one.detail["old"], one.detail["new"]) for one in found] == [("", "bar"), ("bar", "roof")]
