"""Why an access point is not being upgraded yet."""

from datetime import timedelta

import pytest

from devices.models import AccessPoint, Link
from devices.rollouts.waves import Share
from devices.upgrading import steering
from devices.upgrading.holding import why
from tests.devices.upgrading.night import EVENING, OPEN, Night, crowd

pytestmark = pytest.mark.django_db


def codes(night: Night) -> list[str]:
    targets = list(night.rollout.targets.select_related("access_point__network").order_by("wave", "pk"))
    found = why(night.rollout, targets, night.now)
    return [found[target.pk].code for target in targets if target.pk in found]


def test_before_it_begins(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start(starts_at=EVENING + timedelta(hours=1))
    assert codes(night) == ["start"]


def test_its_wave_and_its_window(night: Night) -> None:
    crowd(night.world.harbour, 2)
    night.start(shares=(Share(1, "count"),))
    night.look(EVENING)
    assert codes(night) == ["window", "wave"]


def test_offline(night: Night) -> None:
    crowd(night.world.harbour, 1, link=Link.OFFLINE)
    night.start()
    night.look(EVENING)
    assert codes(night) == ["offline"]


def test_next_in_turn(night: Night) -> None:
    crowd(night.world.harbour, 2)
    night.start(at_once=1)
    night.look(OPEN)
    assert codes(night) == ["next"]


def test_paused(night: Night) -> None:
    crowd(night.world.harbour, 1)
    steering.pause(night.world.ada, night.start())
    assert codes(night) == ["paused"]


def test_released(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start()
    night.look(EVENING)
    AccessPoint.objects.all().delete()
    assert codes(night) == ["released"]


def test_words_name_the_place_s_own_clock(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start()
    night.look(EVENING)
    (target,) = night.rollout.targets.select_related("access_point__network")
    held = why(night.rollout, [target], night.now)[target.pk]
    assert "Thu 11 Jun, 03:00 (Europe/Amsterdam)" in held.words
