"""Pause, resume, cancel, try again, go back: each safe to click twice."""

from datetime import timedelta

import pytest

from devices.models import AccessPoint, Rollout
from devices.rollouts.decide import Budget
from devices.upgrading import steering
from devices.upgrading.terms import RolloutRefused, Scope
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


def finished(night: Night) -> Rollout:
    """Everybody upgraded."""
    night.look(OPEN)
    night.sent()
    night.back(NEW)
    night.look()
    return night.rollout


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
    with pytest.raises(RolloutRefused, match="nobody to bring back"):
        steering.roll_back(night.world.ada, rollout)
    finished(night)
    with pytest.raises(RolloutRefused, match="None of the versions"):
        steering.roll_back(night.world.ada, rollout)


def test_whoever_went_on_or_is_in_another_rollout_is_not_fetched_back(night: Night) -> None:
    here, newer, elsewhere = crowd(night.world.harbour, 3)
    old = image(night.world, "TIP-v4.0.0")
    first = night.start()
    finished(night)
    AccessPoint.objects.filter(pk=newer.pk).update(firmware="TIP-v4.3.0")
    night.start(image=image(night.world, "TIP-v4.2.0"), scope=Scope("access_point", access_point=elsewhere))
    (back,) = steering.roll_back(night.world.ada, first)
    assert (back.image, back.targets.get().access_point) == (old, here)


def test_a_rollback_that_was_cancelled_can_be_done_again(night: Night) -> None:
    crowd(night.world.harbour, 1)
    image(night.world, "TIP-v4.0.0")
    first = night.start()
    finished(night)
    steering.cancel(night.world.ada, *steering.roll_back(night.world.ada, first))
    assert len(steering.roll_back(night.world.ada, first)) == 1


def test_a_rollback_is_rolled_back(night: Night) -> None:
    crowd(night.world.harbour, 1)
    image(night.world, "TIP-v4.0.0")
    night.start()
    (night.rollout,) = steering.roll_back(night.world.ada, finished(night))
    night.look(night.rollout.starts_at)
    night.look(night.rollout.look_at)
    night.sent()
    night.back(OLD)
    night.look()
    assert night.rollout.state == "finished"
    (again,) = steering.roll_back(night.world.ada, night.rollout)
    assert again.image.version == "TIP-v4.1.0"


def test_resumed_after_weeks_it_does_not_give_up_at_once(halted: Night) -> None:
    Rollout.objects.update(gives_up_at=OPEN)
    steering.resume(halted.world.ada, halted.rollout)
    assert halted.rollout.gives_up_at > OPEN


def test_a_failure_that_came_good_is_not_forgiven_in_advance(halted: Night) -> None:
    late = halted.rollout.targets.filter(state="failed").first()
    AccessPoint.objects.filter(pk=late.access_point_id).update(firmware=NEW)
    steering.resume(halted.world.ada, halted.rollout)
    assert (halted.rollout.forgiven, halted.states().count("succeeded")) == (1, 1)


def test_one_whose_last_try_fails_after_the_cancellation_has_failed(night: Night) -> None:
    crowd(night.world.harbour, 1)
    rollout = night.start(attempts=2)
    night.look(OPEN)
    night.sent()
    steering.cancel(night.world.ada, rollout)
    night.back(OLD, "upgradefailed")
    night.look()
    assert [(t.state, t.outcome) for t in night.targets()] == [("failed", "upgrade-failed")]
    assert rollout.targets.filter(state="waiting").count() == 0


def test_retried_after_a_halt_the_others_that_failed_are_forgiven(night: Night) -> None:
    crowd(night.world.harbour, 2)
    rollout = night.start(budget=Budget(1, "count"), attempts=2)
    night.look(OPEN)
    night.sent()
    night.back(OLD, "upgradefailed")
    night.look()
    first = rollout.targets.order_by("pk").first()
    rollout.targets.filter(pk=first.pk).update(state="failed")
    assert steering.retry_failed(night.world.ada, rollout) == 1
    assert "Halt" not in night.look()


def test_one_in_another_rollout_is_not_retried(halted: Night) -> None:
    first, failed = halted.rollout, halted.rollout.targets.filter(state="failed").first()
    scope = Scope("access_point", access_point=failed.access_point)
    halted.start(image=image(halted.world, "TIP-v4.2.0"), scope=scope)
    assert steering.retry_failed(halted.world.ada, first) == 1


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
