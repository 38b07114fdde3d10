"""Ready, draining, drained: what the auto-scaling group hears of an instance, and when."""

import dataclasses
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from instance import drain, readiness
from instance.ending import Action
from instance.identity import Identity
from instance.imds import Imds
from instance.lifecycle import SAY_AGAIN, Watcher
from instance.scaling import DRAIN_HOOK, READY_HOOK, Group
from instance.settings import Settings
from tests.ops.aws import LocalAws
from tests.ops.imds import FakeImds
from tests.ops.staging import make_group

GROUP = "aerie-staging-worker"


@pytest.fixture(scope="module")
def _group(amazon: LocalAws) -> None:
    make_group(amazon, "worker")


@pytest.fixture
def member(amazon: LocalAws, here: Identity, _group: None) -> Identity:
    """A new instance of a group with both hooks."""
    scaling = amazon.client("autoscaling")
    described = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]
    before = {one["InstanceId"] for one in described["Instances"]}
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=len(before) + 1)
    described = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]
    (new,) = {one["InstanceId"] for one in described["Instances"]} - before
    return dataclasses.replace(here, instance_id=new)


@pytest.fixture
def fake() -> Iterator[FakeImds]:
    with FakeImds("").serving() as imds:
        yield imds


def _said(amazon: LocalAws, member: Identity) -> list[str]:
    told = amazon.client("autoscaling").describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
    lines = [one["Description"].split() for one in reversed(told)]
    return [" ".join(line[:-1]) for line in lines if line[-1] == member.instance_id]


class _Watch:
    """A watcher with a clock of ours, on units that are ready when we say so."""

    def __init__(self, fake: FakeImds, member: Identity, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (run / "agent").mkdir(exist_ok=True)
        self.settings, self.now, self.problems = Settings(run=run), 0.0, ["a unit"]
        monkeypatch.setattr(readiness, "not_ready", lambda assignment: self.problems)
        imds = Imds(fake.url, sleep=lambda seconds: None)
        self.watcher = Watcher(self.settings, imds, member, Group(member), lambda: self.now)

    def look(self, seconds: float = 2.0) -> list[Action]:
        self.now += seconds
        return self.watcher.look()


@pytest.fixture
def watch(fake: FakeImds, member: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Watch:
    return _Watch(fake, member, tmp_path, monkeypatch)


def test_the_group_hears_once_that_it_is_ready(watch: _Watch, amazon: LocalAws, member: Identity) -> None:
    assert watch.look() == []
    watch.problems = []
    assert [watch.look(), watch.look()] == [[Action.SAY_READY], []]
    assert _said(amazon, member) == ["ready CONTINUE"]


def test_a_group_that_did_not_hear_is_told_again(watch: _Watch, amazon: LocalAws, member: Identity) -> None:
    nowhere = dataclasses.replace(member.assignment, endpoint_url="http://127.0.0.1:9")
    watch.problems, watch.watcher._group = [], Group(dataclasses.replace(member, assignment=nowhere))
    assert watch.look() == [Action.SAY_READY]
    watch.watcher._group = Group(member)
    watch.look(SAY_AGAIN)
    assert _said(amazon, member) == ["ready CONTINUE"]
    assert watch.look() == []


def test_one_of_no_group_does_not_ask_for_ever(watch: _Watch, here: Identity) -> None:
    watch.problems, watch.watcher._group = [], Group(here)
    assert watch.look() == [Action.SAY_READY]
    assert watch.look(watch.settings.ready_seconds) == [Action.SAY_READY]
    assert watch.look() == []


def test_credentials_that_come_late_are_taken_then(
    member: Identity, no_credentials: None, amazon: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Group(member)
    assert not group.complete(READY_HOOK)
    for name, value in amazon.environment.items():
        monkeypatch.setenv(name, value)
    assert group.complete(READY_HOOK)


def test_one_that_knows_not_who_it_is_gives_the_balancer_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("instance.imds.PAUSE", 0.0)
    with caplog.at_level(logging.INFO):
        drain.run(Settings(imds="http://127.0.0.1:9", run=tmp_path, drain_seconds=0.2), leave_units=True)
    assert "draining without knowing who we are" in caplog.text
    said = re.search(r"nobody is sent here any more after ([0-9.]+) s", caplog.text)
    assert said is not None
    assert float(said[1]) >= 0.2


def test_one_that_never_gets_ready_is_given_up(watch: _Watch, amazon: LocalAws, member: Identity) -> None:
    assert watch.look(watch.settings.ready_seconds + 1) == [Action.GIVE_UP]
    assert _said(amazon, member) == ["ready ABANDON"]
    assert not Group(member).complete(READY_HOOK)


def test_one_that_holds_says_nothing_and_gives_nothing_up(
    fake: FakeImds, here: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deploy's migrations run there: it starts no unit, and is in no group."""
    holding = dataclasses.replace(here, assignment=dataclasses.replace(here.assignment, hold=True))
    watch = _Watch(fake, holding, tmp_path, monkeypatch)
    assert watch.look(watch.settings.ready_seconds + 1) == []
    watch.problems = []
    assert watch.look() == []


def test_a_scale_in_asks_for_the_drain_and_says_when_it_is_over(
    watch: _Watch, fake: FakeImds, amazon: LocalAws, member: Identity
) -> None:
    amazon.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=member.instance_id, ShouldDecrementDesiredCapacity=True
    )
    fake.scale_in()
    assert [watch.look(), watch.look()] == [[Action.DRAIN], []]
    assert watch.settings.wanted_file.exists()
    watch.settings.drained_file.touch()
    assert watch.look() == [Action.SAY_DRAINED]
    assert watch.watcher.done.ended


def test_a_group_that_does_not_wait_yet_is_told_again(watch: _Watch, fake: FakeImds) -> None:
    fake.scale_in()
    watch.settings.drained_file.touch()
    watch.look()
    assert not watch.watcher.done.ended
    before = watch.watcher._said_at
    watch.look(SAY_AGAIN)
    assert watch.watcher._said_at > before


def test_heartbeats_count_only_while_the_group_waits(amazon: LocalAws, member: Identity) -> None:
    group = Group(member)
    assert not group.heartbeat()
    amazon.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=member.instance_id, ShouldDecrementDesiredCapacity=True
    )
    assert group.heartbeat()
    assert group.complete(DRAIN_HOOK)
    assert not group.complete(DRAIN_HOOK)


def test_an_instance_of_no_group_ends_all_the_same(here: Identity) -> None:
    group = Group(here)
    assert not group.complete(DRAIN_HOOK)
    assert not group.released()


def test_aws_being_away_stops_no_drain(here: Identity) -> None:
    nowhere = dataclasses.replace(here.assignment, endpoint_url="http://127.0.0.1:9")
    group = Group(dataclasses.replace(here, assignment=nowhere))
    assert not group.complete(DRAIN_HOOK)
    assert not group.released()


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("released_at", "waited", "beats"), [(0, 0, 0), (25, 25, 0), (500, 200, 3)])
def test_the_wait_for_the_balancer_ends(released_at: float, waited: float, beats: int) -> None:
    clock, heard = _Clock(), []
    took = drain.wait_until_released(
        lambda: clock.now >= released_at,
        lambda: heard.append(clock.now) is None,
        200,
        clock.sleep,
        lambda: clock.now,
    )
    assert (took, len(heard)) == (waited, beats)


def test_heartbeats_go_on_while_units_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "BEAT_EVERY", 0.05)
    slow = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    heard: list[int] = []

    def beat() -> bool:
        heard.append(1)
        if len(heard) == 2 and slow.stdin:
            slow.stdin.close()  # which it waits for
        return True

    drain.stop(slow, beat)
    assert slow.returncode == 0
    assert len(heard) >= 2


@pytest.mark.parametrize(
    ("properties", "settled"),
    [
        ({"ActiveState": "active", "ActiveEnterTimestampMonotonic": "5000000"}, True),
        ({"ActiveState": "active", "ActiveEnterTimestampMonotonic": "9000000"}, False),
        ({"ActiveState": "activating", "ActiveEnterTimestampMonotonic": "0"}, False),
        ({}, False),
    ],
)
def test_a_unit_has_to_stay_up_for_a_while(properties: dict[str, str], settled: bool) -> None:
    assert readiness.settled(properties, uptime=10.0) is settled
