"""A rollout, look by look: in its window alone, each access point once, and halted when it must."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import AccessPoint, Link, Task
from devices.rollouts.decide import Budget
from devices.rollouts.waves import Share
from devices.upgrading import steering
from tests.devices.upgrading.night import NEW, OLD, OPEN, Night, crowd, image

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_nothing_happens_before_the_window(night: Night) -> None:
    crowd(night.world.harbour, 3)
    rollout = night.start()
    assert night.look() == ["OpenWave", "Wait"]
    assert night.commands() == 0
    assert rollout.targets.filter(state="waiting").count() == 3
    night.rollout.refresh_from_db()
    assert night.rollout.look_at == OPEN - 5 * MINUTE  # exactly when it opens


def test_in_its_window_everybody_is_upgraded_and_it_finishes(night: Night) -> None:
    crowd(night.world.harbour, 3)
    night.start()
    assert night.look(OPEN) == ["OpenWave", "Claim", "Wait"]
    assert night.states() == ["busy"] * 3
    night.sent()
    night.back(NEW)
    assert night.look() == ["Settle", "Finish"]
    assert night.states() == ["succeeded"] * 3
    assert (night.rollout.state, night.commands()) == ("finished", 3)


def test_looking_twice_sends_nobody_a_second_command(night: Night) -> None:
    crowd(night.world.harbour, 3)
    night.start()
    for _ in range(5):
        night.look(OPEN)
    assert night.commands() == 3


def test_none_begins_right_before_the_window_closes(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start()
    night.look(OPEN + 2 * HOUR - 12 * MINUTE)
    assert night.commands() == 0


def test_canaries_first_then_a_soak_then_the_rest(night: Night) -> None:
    crowd(night.world.harbour, 10)
    night.start(shares=(Share(1, "count"),), soak_minutes=(30,))
    night.look(OPEN)
    assert night.states().count("busy") == 1
    night.sent()
    night.back(NEW)
    assert night.look() == ["Settle", "Wait"]
    assert night.look(night.now + 29 * MINUTE) == ["Wait"]
    assert night.look(night.now + 2 * MINUTE) == ["OpenWave", "Claim", "Wait"]
    assert night.states().count("busy") == 9


def test_late_ones_of_a_wave_that_proved_do_not_hold_up_the_next(night: Night) -> None:
    crowd(night.world.harbour, 10)
    rollout = night.start(shares=(Share(4, "count"),), soak_minutes=(30,))
    late = AccessPoint.objects.filter(pk=rollout.targets.filter(wave=1).first().access_point_id)
    late.update(link=Link.OFFLINE)
    night.look(OPEN)
    night.back(NEW)
    assert night.look(OPEN + MINUTE) == ["Settle", "Wait"]
    late.update(link=Link.ONLINE)
    assert night.look(OPEN + 25 * MINUTE) == ["Claim", "Wait"]
    night.back(NEW)
    assert night.look(OPEN + 32 * MINUTE) == ["OpenWave", "Claim", "Wait"]


def test_no_more_at_once_than_agreed(night: Night) -> None:
    crowd(night.world.harbour, 10)
    night.start(at_once=4)
    night.look(OPEN)
    assert night.states().count("busy") == 4


def test_the_first_failure_halts_a_canary(night: Night) -> None:
    crowd(night.world.harbour, 10)
    night.start(shares=(Share(1, "count"),), budget=Budget(5), attempts=1)
    night.look(OPEN)
    night.sent()
    night.back(OLD, "upgradefailed")
    assert night.look() == ["Halt"]
    assert night.rollout.reason == "1 of 1 access point failed or fell silent."
    assert night.look(OPEN + HOUR) == []
    assert (night.commands(), night.states().count("waiting")) == (1, 9)


def test_a_failure_is_tried_again_then_it_is_final(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start(attempts=2, budget=Budget(9, "count"))
    for minutes in (0, 20):
        night.look(OPEN + minutes * MINUTE)
        night.sent()
        night.back(OLD, "upgradefailed")
        night.look()
    assert night.states() == ["busy"]  # the same word again could be that of the first time
    night.look(OPEN + 51 * MINUTE)
    (target,) = night.targets()
    assert (target.state, target.outcome, target.attempts) == ("failed", "upgrade-failed", 2)
    assert night.rollout.state == "finished"


def test_silence_is_a_failure_after_its_limit(night: Night) -> None:
    (one,) = crowd(night.world.harbour, 1)
    night.start(attempts=1, budget=Budget(9, "count"))
    night.look(OPEN)
    night.sent()
    AccessPoint.objects.filter(pk=one.pk).update(link=Link.OFFLINE)
    night.look(OPEN + 29 * MINUTE)
    assert night.states() == ["busy"]
    night.look(OPEN + 31 * MINUTE)
    assert [(t.state, t.outcome) for t in night.targets()] == [("failed", "silent")]


def test_one_that_fell_silent_and_never_came_back_has_failed_at_the_end(night: Night) -> None:
    (one,) = crowd(night.world.harbour, 1)
    night.start(attempts=2, budget=Budget(9, "count"))
    night.look(OPEN)
    night.sent()
    AccessPoint.objects.filter(pk=one.pk).update(link=Link.OFFLINE)
    night.look(OPEN + 31 * MINUTE)
    assert night.states() == ["waiting"]
    night.look(night.rollout.gives_up_at)
    assert [(t.state, t.outcome, t.attempts) for t in night.targets()] == [("failed", "silent", 1)]
    assert night.rollout.state == "finished"


def test_a_command_that_never_left_is_no_attempt(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start(attempts=1)
    night.look(OPEN)
    night.look(OPEN + 31 * MINUTE)
    (target,) = night.targets()
    assert (target.state, target.attempts, night.commands()) == ("busy", 1, 2)


def test_whoever_is_offline_waits_for_its_next_window_and_holds_up_nobody(night: Night) -> None:
    crowd(night.world.harbour, 4)
    away = crowd(night.world.harbour, 1, link=Link.OFFLINE)[0]
    night.start()
    night.look(OPEN)
    night.sent()
    night.back(NEW)
    assert night.look() == ["Settle", "Wait"]
    AccessPoint.objects.filter(pk=away.pk).update(link=Link.ONLINE)
    assert night.look(OPEN + 6 * HOUR) == ["Wait"]
    assert night.look(OPEN + 24 * HOUR) == ["Claim", "Wait"]
    assert away.rollout_targets.get().state == "busy"


def test_whoever_never_comes_is_left_out_in_the_end(night: Night) -> None:
    crowd(night.world.harbour, 1, link=Link.OFFLINE)
    night.start()
    night.look(OPEN)
    assert night.look(OPEN + timedelta(days=15)) == ["Finish"]
    assert [(t.state, t.outcome) for t in night.targets()] == [("cancelled", "left-out")]


def test_one_that_came_back_too_late_has_succeeded_after_all(night: Night) -> None:
    one, _other = crowd(night.world.harbour, 2)
    night.start(attempts=1, budget=Budget(9, "count"), at_once=1)
    night.look(OPEN)
    night.sent()
    night.look(OPEN + 31 * MINUTE)
    assert night.states() == ["failed", "busy"]
    AccessPoint.objects.filter(pk=one.pk).update(firmware=NEW)
    night.look()
    assert night.states() == ["succeeded", "busy"]


def test_a_released_one_is_left_out(night: Night) -> None:
    one, _other = crowd(night.world.harbour, 2)
    night.start()
    one.release(night.world.ada)
    night.look(OPEN)
    assert night.states() == ["cancelled", "busy"]


def test_one_released_at_work_keeps_its_slot_until_its_deadline(night: Night) -> None:
    (one,) = crowd(night.world.harbour, 1)
    night.start()
    night.look(OPEN)
    one.release(night.world.ada)
    night.look(OPEN + 29 * MINUTE)
    assert night.targets()[0].slot == one.serial
    night.look(OPEN + 31 * MINUTE)
    assert (night.states(), night.targets()[0].slot, night.rollout.state) == (["cancelled"], None, "finished")


def test_other_hardware_than_was_planned_is_not_upgraded(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start()
    AccessPoint.objects.update(compatible="something_else")
    night.look(OPEN)
    assert ([t.outcome for t in night.targets()], night.commands()) == (["no-way"], 0)


def test_one_that_came_back_late_needs_no_second_try_and_can_be_rolled_back(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start(budget=Budget(9, "count"))
    night.look(OPEN)
    night.sent()
    night.look(OPEN + 31 * MINUTE)
    assert night.states() == ["waiting"]
    AccessPoint.objects.update(firmware=NEW)
    night.look()
    assert [(t.state, t.outcome, t.attempts) for t in night.targets()] == [("succeeded", "upgraded", 1)]


def test_it_does_not_give_up_while_it_gets_on(night: Night) -> None:
    crowd(night.world.harbour, 2)
    night.start(shares=(Share(1, "count"),), soak_minutes=(7 * 24 * 60,))
    night.look(OPEN)
    night.sent()
    night.back(NEW)
    night.look()
    night.look(OPEN + timedelta(days=8))
    assert night.rollout.gives_up_at == OPEN + timedelta(days=22)


def test_who_failed_before_counts_while_it_is_tried_again(night: Night) -> None:
    crowd(night.world.harbour, 2)
    night.start(budget=Budget(2, "count"), at_once=1)
    for minutes in (0, 1, 20):
        night.look(OPEN + minutes * MINUTE)
        night.sent()
        night.back(OLD, "upgradefailed" if minutes < 20 else "upgrade")
    assert night.rollout.state == "halted"


def test_a_withdrawn_image_halts_it(night: Night) -> None:
    crowd(night.world.harbour, 2)
    rollout = night.start()
    rollout.image.withdrawn_at = night.now
    rollout.image.save()
    assert night.look(OPEN) == ["Halt"]
    assert night.rollout.reason == "Its image was withdrawn."


def test_two_rollouts_never_work_on_one_access_point(night: Night) -> None:
    crowd(night.world.harbour, 2)
    first = night.start()
    steering.pause(night.world.ada, first)
    with pytest.raises(ValueError, match="No access point"):
        night.start()
    first.targets.update(slot=None)
    night.rollout = first
    steering.resume(night.world.ada, first)
    night.look(OPEN)
    assert night.commands() == 2


def test_stepping_stones(night: Night) -> None:
    crowd(night.world.harbour, 1, firmware="TIP-v3.0.0")
    stone = image(night.world, "TIP-v3.5.0")
    wanted = image(night.world, "TIP-v4.1.0", minimum_version="TIP-v3.5.0")
    night.start(image=wanted)
    night.look(OPEN)
    assert night.targets()[0].step == stone
    night.sent()
    night.back("TIP-v3.5.0")
    night.look()
    assert night.targets()[0].step == wanted
    night.sent()
    night.back("TIP-v4.1.0")
    night.look()
    assert (night.states(), night.commands()) == (["succeeded"], 2)


def test_its_people_are_told_of_the_end_once(night: Night) -> None:
    crowd(night.world.harbour, 1)
    night.start()
    night.look(OPEN)
    night.sent()
    night.back(NEW)
    night.look()
    night.look()
    assert Task.objects.filter(kind="rollout-summary").count() == 1
    assert night.rollout.organisation.audit_entries.filter(verb="rollout.finish").count() == 1


def test_no_alert_while_we_work_on_it(night: Night) -> None:
    (one,) = crowd(night.world.harbour, 1)
    night.start()
    night.look(OPEN)
    one.refresh_from_db()
    muted = one.muted_until
    night.sent()
    night.back(NEW)
    night.look()
    one.refresh_from_db()
    assert muted is not None
    assert one.muted_until is not None
    assert one.muted_until < muted


def written(queries: CaptureQueriesContext) -> list[str]:
    """The tables of access points, targets and commands that were written, in their order."""
    found = [re.search(r"(?:UPDATE|INSERT INTO) `devices_(\w+)`", query["sql"]) for query in queries]
    ours = ("accesspoint", "rollouttarget", "command")
    return [one[1] for one in found if one and one[1] in ours]


def test_access_points_are_locked_before_all_that_is_about_them(night: Night) -> None:
    crowd(night.world.harbour, 2)
    night.start()
    with CaptureQueriesContext(connection) as claiming:
        night.look(OPEN)
    night.sent()
    night.back(NEW)
    with CaptureQueriesContext(connection) as judging:
        night.look()
    assert "accesspoint rollouttarget command rollouttarget" in " ".join(written(claiming))
    assert written(judging)[:2] == ["accesspoint", "rollouttarget"]


def test_a_wave_takes_the_same_statements_whatever_its_size(night: Night) -> None:
    statements = []
    for count in (20, 150):
        crowd(night.world.harbour, count)
        night.start()
        with CaptureQueriesContext(connection) as queries:
            night.look(OPEN)
        assert night.states().count("busy") == count
        statements.append(len(queries))
    assert statements[0] == statements[1] <= 50
