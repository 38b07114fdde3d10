"""The firmware axis: what a rollout says of an access point, and what is offered for it."""

import pytest
from django.utils import timezone

from devices.models import AccessPoint, Command, Link, RolloutTarget
from devices.models.rollout import Rollout
from devices.upgrading.axis import FirmwareState, Offers, with_upgrades
from tests.devices.upgrading.night import HARDWARE, NEW, OLD, OPEN, Night, crowd, image
from tests.world import World


def state(world: World, **which: object) -> str:
    row = with_upgrades(AccessPoint.objects.of(world.cafe)).filter(**which).get()
    return Offers(world.cafe).state(row).value


@pytest.fixture
def one(world: World, night: Night) -> AccessPoint:
    """The only access point of the café that a rollout can reach, with a rollout to it."""
    (found,) = crowd(world.harbour, 1)
    night.start()
    return found


@pytest.mark.parametrize(
    ("firmware", "expected"),
    [
        ("", "unknown"),
        (OLD, "available"),
        (NEW, "current"),
        ("OpenWrt / TIP-v9.9.9", "current"),
        ("who knows", "current"),
    ],
)
def test_without_a_rollout_the_newest_stable_image_decides(
    world: World, firmware: str, expected: str
) -> None:
    image(world, "TIP-v4.0.5")
    image(world)
    image(world, "TIP-v5.0.0", channel="beta")
    image(world, "TIP-v6.0.0", withdrawn_at=timezone.now())
    image(world, "TIP-v7.0.0", organisation=world.hotel)
    image(world, "TIP-v8.0.0", compatibles=["something_else"])
    (found,) = crowd(world.harbour, 1, firmware=firmware)
    assert state(world, pk=found.pk) == expected


def test_an_image_for_everybody_is_offered_as_well(world: World) -> None:
    (found,) = crowd(world.harbour, 1)
    image(world, organisation=None)
    assert state(world, pk=found.pk) == "available"


def test_an_upgrade_from_scheduled_to_current(night: Night, world: World, one: AccessPoint) -> None:
    seen = [state(world, pk=one.pk)]
    night.look(OPEN)
    seen.append(state(world, pk=one.pk))
    night.sent()
    seen.append(state(world, pk=one.pk))
    Command.objects.update(state="done")
    seen.append(state(world, pk=one.pk))
    night.back(OLD)
    seen.append(state(world, pk=one.pk))
    night.back(NEW)
    night.look()
    seen.append(state(world, pk=one.pk))
    assert seen == ["scheduled", "downloading", "downloading", "upgrading", "verifying", "current"]


@pytest.mark.parametrize("held", ["paused", "halted"])
def test_a_rollout_that_stands_still_holds_it(
    world: World, night: Night, one: AccessPoint, held: str
) -> None:
    Rollout.objects.update(state=held)
    assert state(world, pk=one.pk) == "on-hold"


def test_a_failure_shows_until_it_runs_something_else(world: World, night: Night, one: AccessPoint) -> None:
    RolloutTarget.objects.update(state="failed", before=OLD)
    Rollout.objects.update(state="finished")
    assert state(world, pk=one.pk) == "failed"
    AccessPoint.objects.filter(pk=one.pk).update(firmware=NEW)
    assert state(world, pk=one.pk) == "current"


def test_what_is_under_way_counts_more_than_what_came_later(
    world: World, night: Night, one: AccessPoint
) -> None:
    later = Rollout.objects.get()
    later.pk, later.state = None, "finished"
    later.save()
    RolloutTarget.objects.create(
        rollout=later, wave=1, access_point=one, serial=one.serial, state="succeeded"
    )
    assert state(world, pk=one.pk) == "scheduled"


def test_left_out_means_what_is_offered(world: World, night: Night, one: AccessPoint) -> None:
    RolloutTarget.objects.update(state="cancelled")
    assert state(world, pk=one.pk) == "available"


def test_the_filter_agrees_with_the_badge(world: World, night: Night, one: AccessPoint) -> None:
    crowd(world.harbour, 2, firmware=NEW)
    crowd(world.harbour, 3)
    crowd(world.harbour, 4, firmware="", link=Link.WAITING)
    rows, offers = with_upgrades(AccessPoint.objects.of(world.cafe)), Offers(world.cafe)
    told = [row.firmware_state for row in offers.told(rows)]
    for wanted in FirmwareState.values:
        assert offers.only(rows, wanted).count() == told.count(wanted), wanted
    assert {told.count(wanted) for wanted in ("available", "current", "scheduled")} == {3, 2, 1}


def test_a_list_takes_two_statements(
    world: World, night: Night, one: AccessPoint, django_assert_num_queries: object
) -> None:
    crowd(world.harbour, 100)
    crowd(world.harbour, 100, compatible="something_else")
    with django_assert_num_queries(2):  # type: ignore[operator]
        told = list(Offers(world.cafe).told(with_upgrades(AccessPoint.objects.of(world.cafe))))
    assert sum(row.compatible == HARDWARE for row in told) == 101
