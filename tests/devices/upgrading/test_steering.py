"""Pause, resume, cancel, try again, go back: each safe to click twice."""

from datetime import timedelta

import pytest

from devices.models import AccessPoint
from devices.rollouts.decide import Budget
from devices.upgrading import steering
from devices.upgrading.terms import RolloutRefused
from tests.devices.upgrading.night import NEW, OLD, OPEN, Night, crowd, image

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def halted(night: Night) -> Night:
    """Two at once, the first two failed."""
    crowd(night.world.harbour, 5)
    night.start(at_once=2, budget=Budget(2, "count"), attempts=1)
    night.look(OPEN)
    night.sent()
    night.back(OLD, "upgradefailed")
    assert night.look() == ["Halt"]
    return night


def test_paused_it_begins_nothing_and_ends_what_is_under_way(night: Night) -> None:
    crowd(night.world.harbour, 4)
    rollout = night.start(at_once=2)
    night.look(OPEN)
    night.sent()
    for _ in range(2):
        steering.pause(night.world.ada, rollout)
    night.back(NEW)
    assert night.look() == []
    assert sorted(night.states()) == ["succeeded", "succeeded", "waiting", "waiting"]
    assert rollout.organisation.audit_entries.filter(verb="rollout.pause").count() == 1


def test_resumed_it_goes_on(night: Night) -> None:
    crowd(night.world.harbour, 2)
    rollout = night.start()
    steering.pause(night.world.ada, rollout)
    assert night.look(OPEN) == []
    for _ in range(2):
        steering.resume(night.world.ada, rollout)
    assert night.look() == ["OpenWave", "Claim", "Wait"]


def test_resumed_after_a_halt_only_new_failures_count(halted: Night) -> None:
    steering.resume(halted.world.ada, halted.rollout)
    assert halted.look() == ["Claim", "Wait"]
    halted.sent()
    halted.back(OLD, "upgradefailed")
    assert halted.look() == ["Halt"]
    assert halted.states().count("failed") == 4


def test_cancelled_whoever_waits_is_left_out(halted: Night) -> None:
    steering.cancel(halted.world.ada, halted.rollout)
    steering.cancel(halted.world.ada, halted.rollout)
    assert sorted(halted.states()) == ["cancelled"] * 3 + ["failed"] * 2
    with pytest.raises(RolloutRefused, match="over"):
        steering.resume(halted.world.ada, halted.rollout)


def test_retried_only_the_failed_ones_wait_again(halted: Night) -> None:
    AccessPoint.objects.update(boot_reason="")
    assert steering.retry_failed(halted.world.ada, halted.rollout) == 2
    assert steering.retry_failed(halted.world.ada, halted.rollout) == 0
    assert halted.states() == ["waiting"] * 5
    assert halted.look() == ["Claim", "Wait"]


def test_rolled_back_those_upgraded_get_what_they_had(night: Night) -> None:
    crowd(night.world.harbour, 3)
    old = image(night.world, "TIP-v4.0.0")
    first = night.start(at_once=2)
    night.look(OPEN)
    night.sent()
    night.back(NEW)
    night.look()
    (back,) = steering.roll_back(night.world.ada, first)
    assert (back.image, back.rollback_of, back.targets.count()) == (old, first, 2)
    assert first.state == "cancelled"
    night.rollout = back
    assert night.look(max(night.now, back.starts_at) + 24 * HOUR)[:1] == ["OpenWave"]


def test_nothing_to_roll_back_to(night: Night) -> None:
    crowd(night.world.harbour, 1)
    rollout = night.start()
    with pytest.raises(RolloutRefused, match="None of the versions"):
        steering.roll_back(night.world.ada, rollout)


def test_a_rollback_clicked_twice_is_refused_the_second_time(night: Night) -> None:
    crowd(night.world.harbour, 1)
    image(night.world, "TIP-v4.0.0")
    rollout = night.start()
    night.look(OPEN)
    night.sent()
    night.back(NEW)
    night.look()
    steering.roll_back(night.world.ada, rollout)
    with pytest.raises(RolloutRefused, match="already"):
        steering.roll_back(night.world.ada, rollout)
