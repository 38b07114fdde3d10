"""One firmware rollout in the browser: followed, explained, steered."""

import csv
import io
from datetime import timedelta
from typing import Any, get_args, get_type_hints

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from console.rollouts import WAITS, ShownWave, reason
from devices import clock
from devices.models import AccessPoint, FirmwareImage, Link, Rollout, RolloutTarget
from devices.rollouts.decide import Wait
from devices.rollouts.judge import Outcome
from devices.rollouts.waves import Share
from devices.upgrading.outcomes import OUTCOMES
from devices.upgrading.progress import progress
from tests.devices.upgrading.night import EVENING, HARDWARE, NEW, OLD, OPEN, Night, crowd, image
from tests.world import World

VERBS = ("pause_rollout", "resume_rollout", "cancel_rollout", "retry_rollout", "roll_back")


@pytest.fixture
def night(world: World) -> Night:
    """Three old access points on air, a rollout to them that has not begun."""
    columns = {"compatible": HARDWARE, "firmware": OLD, "link": Link.ONLINE, "session": 1}
    AccessPoint.objects.of(world.cafe).update(**columns)
    image(world, "TIP-v4.0.0")
    night = Night(world)
    night.start(shares=(Share(1, "count"),), soak_minutes=(30,))
    return night


@pytest.fixture
def bo(world: World) -> Client:
    return world.browser(world.bo)


def at(night: Night, name: str = "rollout") -> str:
    return reverse(name, args=["cafe-lento", night.rollout.pk])


def text(page: Any) -> str:
    return " ".join(page.content.decode().split())


def upgraded(night: Night) -> None:
    """Everybody in it got the new firmware."""
    rows = night.rollout.targets.all()
    rows.update(state="succeeded", outcome="upgraded", ended_at=clock.now())
    AccessPoint.objects.filter(rollout_targets__in=rows).update(firmware=NEW)
    Rollout.objects.update(state="finished", ended_at=clock.now())


def test_the_page_shows_waves_counts_and_why_each_waits(night: Night, bo: Client) -> None:
    night.look(OPEN)
    shown = text(bo.get(at(night)))
    for words in ("0 of 3 upgraded", "Wave 1", "Not begun", "Running", "Wave 2 has not begun."):
        assert words in shown
    assert f"{OLD} <svg" in shown
    assert 'hx-trigger="every 3s' in shown


def test_what_is_over_is_not_asked_for_again(night: Night, bo: Client) -> None:
    upgraded(night)
    shown = text(bo.get(at(night)))
    assert "3 of 3 upgraded" in shown
    assert "hx-get" not in shown
    assert "Runs the new firmware" in shown


def test_a_part_is_no_whole_page(night: Night, bo: Client) -> None:
    part = bo.get(at(night), headers={"HX-Request": "true"})
    assert 'id="live"' in text(part)
    assert "<html" not in text(part)


def test_a_halted_one_says_why_in_everybodys_words(night: Night, bo: Client) -> None:
    night.look(OPEN)
    Rollout.objects.update(state="halted", reason="2 of 3 access points failed or fell silent.")
    night.rollout.targets.filter(wave=1).update(
        state="failed", outcome="upgrade-failed", words="<script>alert(1)</script> no space left"
    )
    shown = text(bo.get(at(night)))
    for words in ("It halted itself:", "2 of 3 access points failed", "Says itself that", "no space left"):
        assert words in shown
    assert "<script>alert" not in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 3),
        ({"q": "counter"}, 1),
        ({"q": "24-F5-A2-00-00-02"}, 1),
        ({"q": "%"}, 0),
        ({"wave": "1"}, 1),
        ({"wave": "2", "state": "waiting"}, 2),
        ({"state": "failed"}, 0),
        ({"state": "nonsense", "wave": "x", "page": "99"}, 3),
    ],
)
def test_filters_are_in_the_address_and_the_csv_follows_them(
    night: Night, bo: Client, query: dict[str, str], found: int
) -> None:
    assert len(bo.get(at(night), query).context["rows"]) == found
    body = b"".join(bo.get(at(night, "rollout_csv"), query).streaming_content).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(body)))) == found + 1


def test_the_csv_says_what_the_page_says(night: Night, bo: Client) -> None:
    body = b"".join(bo.get(at(night, "rollout_csv"), {"q": "counter"}).streaming_content)
    (_, row) = csv.reader(io.StringIO(body.decode("utf-8-sig")))
    assert row[0] == "Counter"
    assert row[4:7] == ["Waiting", OLD, "TIP-v4.1.0"]


def test_a_released_one_stays_in_the_list(night: Night, world: World, bo: Client) -> None:
    world.counter.release(world.ada)
    assert "24:f5:a2:00:00:01" in text(bo.get(at(night)))
    assert "Released" in text(bo.get(at(night)))


def test_steering_and_its_trail(night: Night, bo: Client) -> None:
    steps = (("pause_rollout", "paused"), ("pause_rollout", "paused"), ("resume_rollout", "scheduled"))
    for verb, state in (*steps, ("cancel_rollout", "cancelled"), ("cancel_rollout", "cancelled")):
        assert bo.post(at(night, verb)).status_code == 302
        assert Rollout.objects.get().state == state
    trail = text(bo.get(reverse("audit", args=["cafe-lento"])))
    for words in ("paused the rollout", "resumed the rollout", "cancelled what waited of the rollout"):
        assert trail.count(words) == 1


def test_what_is_over_refuses_in_words(night: Night, bo: Client) -> None:
    bo.post(at(night, "cancel_rollout"))
    shown = text(bo.post(at(night, "pause_rollout"), follow=True))
    assert "This rollout is over." in shown
    assert "Cancel what waits" not in shown


def test_those_that_failed_are_tried_again_and_no_others(night: Night, bo: Client) -> None:
    night.rollout.targets.filter(wave=2).update(state="succeeded")
    night.rollout.targets.filter(wave=1).update(state="failed", attempts=2)
    shown = text(bo.post(at(night, "retry_rollout"), follow=True))
    assert "1 access point is tried again" in shown
    assert sorted(night.states()) == ["succeeded", "succeeded", "waiting"]
    assert "There is none to try again" in text(bo.post(at(night, "retry_rollout"), follow=True))


def test_going_back_is_explained_then_done(night: Night, bo: Client) -> None:
    upgraded(night)
    assert "3 access points go back to TIP-v4.0.0" in text(bo.get(at(night, "roll_back")))
    shown = text(bo.post(at(night, "roll_back"), follow=True))
    assert "The way back has begun" in shown
    back = Rollout.objects.get(rollback_of=night.rollout)
    assert (str(back.image), back.targets.count()) == ("TIP-v4.0.0", 3)
    assert at(night) in shown


def test_going_back_needs_something_to_go_back_to(night: Night, bo: Client) -> None:
    assert "There is nobody to bring back" in text(bo.get(at(night, "roll_back")))
    upgraded(night)
    FirmwareImage.objects.filter(version="TIP-v4.0.0").delete()
    assert "None of the versions that ran before" in text(bo.get(at(night, "roll_back")))
    answer = text(bo.post(at(night, "roll_back"), follow=True))
    assert "None of the versions that ran before" in answer
    assert Rollout.objects.count() == 1


def test_viewers_see_everything_and_press_nothing(night: Night, world: World) -> None:
    vi = world.browser(world.vi)
    shown = text(vi.get(at(night)))
    assert "Counter" in shown
    assert "Pause" not in shown
    assert {vi.post(at(night, verb)).status_code for verb in VERBS} == {403}
    assert Rollout.objects.get().state == "scheduled"


def test_another_organisations_rollout_does_not_exist(night: Night, world: World) -> None:
    otto = world.browser(world.otto)
    for name in ("rollout", "rollout_csv", *VERBS):
        theirs = reverse(name, args=["hotel-halde", night.rollout.pk])
        assert otto.get(theirs).status_code in {404, 405}
        assert otto.post(theirs).status_code in {404, 405}
    assert Rollout.objects.get().state == "scheduled"


def test_aerie_itself_is_named_for_what_it_did_itself(night: Night, bo: Client) -> None:
    upgraded(night)
    Rollout.objects.update(state="running", wave=2, look_at=clock.now())
    night.rollout.waves.update(opened_at=night.now, settled_at=night.now)
    night.look(OPEN)
    shown = text(bo.get(reverse("audit", args=["cafe-lento"])))
    assert "<strong>Aerie</strong> finished the rollout" in shown


def statements(client: Client, address: str) -> int:
    client.get(reverse("profile"))
    with CaptureQueriesContext(connection) as told:
        answer = client.get(address)
        if answer.streaming:
            b"".join(answer.streaming_content)
    return len(told)


@pytest.mark.parametrize(("name", "budget"), [("rollout", 15), ("rollouts", 8), ("rollout_csv", 7)])
def test_a_thousand_targets_take_no_more_statements(
    night: Night, world: World, bo: Client, name: str, budget: int
) -> None:
    night.look(OPEN)
    address = at(night) if name == "rollout" else reverse("rollouts", args=["cafe-lento"])
    address = at(night, name) if name == "rollout_csv" else address
    before = statements(bo, address)
    more = crowd(world.harbour, 1000)
    rows = (RolloutTarget(rollout=night.rollout, wave=2, access_point=one, serial=one.serial) for one in more)
    RolloutTarget.objects.bulk_create(rows)
    assert statements(bo, address) <= before + (name == "rollout_csv") * 2
    assert before <= budget


def test_the_reason_of_a_rollout_that_waits(night: Night) -> None:
    night.look(EVENING)
    closed = reason(night.rollout, EVENING)
    early = reason(night.rollout, EVENING - timedelta(hours=1))
    assert closed is not None
    assert (str(closed.words), closed.until) == (str(WAITS["windows"]), OPEN.replace(minute=0))
    assert early is not None
    assert (str(early.words), early.until) == (str(WAITS["not started"]), EVENING)


def test_the_reason_while_a_wave_is_watched(night: Night) -> None:
    night.look(OPEN)
    night.sent()
    night.back(NEW)
    night.look()
    watched = reason(night.rollout, night.now)
    assert watched is not None
    assert (str(watched.words), watched.until) == (str(WAITS["soaking"]), night.now + timedelta(minutes=30))
    waves = progress(night.rollout).waves
    shown = [ShownWave(wave, counts, night.rollout, night.now).badge.label for wave, counts in waves]
    assert shown == ["Soaking", "Not begun"]


def test_every_way_to_wait_and_to_end_has_words() -> None:
    assert set(OUTCOMES) == set(Outcome)
    assert set(WAITS) == set(get_args(get_type_hints(Wait)["why"]))


def test_under_way_it_says_until_when_and_waiting_again_how_it_went(night: Night, bo: Client) -> None:
    night.look(OPEN)
    assert "it has until Thu 11 Jun, 03:35 (Europe/Amsterdam) to be back" in text(bo.get(at(night)))
    night.sent()
    night.back(OLD, "upgradefailed")
    night.look()
    assert "Says itself that the upgrade failed. The rollout halted itself." in text(bo.get(at(night)))


def test_a_wave_says_whether_anything_of_it_happens(night: Night, bo: Client) -> None:
    night.look(EVENING)
    assert "Begun" in text(bo.get(at(night)))
    bo.post(at(night, "cancel_rollout"))
    shown = text(bo.get(at(night)))
    assert "Ended early" in shown
    assert "Done" not in shown
