"""A deploy that is killed with -9 is run again from the start, ends well, and does nothing twice."""

import boto3
import pytest

from deploy import outcomes, state
from deploy.lock import LEASE
from tests.deploy.staging import BEFORE, INSTANCES, ROLES, Staging

AFTER = "0.1.0+11111111"
FIX = "0.1.1+22222222"
MOMENTS = (
    "checks begins", "image begins", "migrate begins", "10 % i-", "worker begins", "50 % InProgress",
    "utility begins", "console begins", "outpost begins", "smoke begins", "sign-in page",
)  # fmt: skip
FEW_CALLS = 13  # of AWS
STARTED = 2 * INSTANCES  # those of BEFORE, those of AFTER


def once(staging: Staging) -> None:
    """Every role was brought from BEFORE to AFTER once, and nobody was migrated on twice at a time."""
    assert staging.all_run(AFTER)
    assert staging.released() == (AFTER, BEFORE)
    assert {role: staging.template_versions(role) for role in ROLES} == dict.fromkeys(ROLES, 3)
    assert {role: _started(staging, role) for role in ROLES} == dict.fromkeys(ROLES, STARTED)
    assert not staging.instances(purpose="migrate", state="running")


def _started(staging: Staging, role: str) -> int:
    """Of all those there ever were in the group."""
    filters = [{"Name": "tag:aws:autoscaling:groupName", "Values": [f"aerie-staging-{role}"]}]
    found = staging.api("ec2").describe_instances(Filters=filters)["Reservations"]
    return sum(len(one["Instances"]) for one in found)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_a_step_and_run_again(staging: Staging, moment: str) -> None:
    assert staging.killed(*staging.words(AFTER), at=moment)
    staging.deploy(AFTER)
    once(staging)
    assert [record["outcome"] for record in staging.records()][:2] == ["done", "unfinished"]


def test_killed_again_and_again_ever_a_few_calls_further(staging: Staging) -> None:
    kills = 0
    while staging.killed(*staging.words(AFTER), at=str(FEW_CALLS * (kills + 1))):
        kills += 1
        assert state.current(staging.environment).version in (BEFORE, AFTER)
    assert kills > 5
    once(staging)


def test_killed_half_way_another_release_goes_on(staging: Staging) -> None:
    assert staging.killed(*staging.words(AFTER), at="console begins")
    staging.deploy(FIX)
    assert staging.all_run(FIX)
    assert staging.released() == (FIX, BEFORE)


@pytest.mark.parametrize("moment", ["10 % i-", "50 % InProgress", "console begins"])
def test_killed_half_way_and_rolled_back(staging: Staging, moment: str) -> None:
    assert staging.killed(*staging.words(AFTER), at=moment)
    if state.in_progress(staging.environment):
        staging.run("rollback", "staging")
    assert staging.all_run(BEFORE)
    assert staging.released() == (BEFORE, "")


def test_a_refresh_that_goes_the_other_way_is_cancelled(staging: Staging) -> None:
    staging.grow("worker", 4)
    assert staging.killed(*staging.words(AFTER), at="0 % InProgress")
    staging.run("rollback", "staging")
    assert staging.refreshes("worker") == ["Successful", "Cancelled"]
    assert staging.running()["worker"] == [BEFORE] * 4


def test_one_that_ends_just_before_it_is_cancelled(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(**_: object) -> None:
        while staging.refreshes("worker")[0] not in ("Successful", "Cancelled"):
            ended.append("a step further")

    ended: list[str] = []
    staging.grow("worker", 4)
    assert staging.killed(*staging.words(AFTER), at="0 % InProgress")
    session = boto3.session.Session()
    session.events.register("before-call.auto-scaling.CancelInstanceRefresh", end)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    staging.run("rollback", "staging")
    assert ended
    assert staging.refreshes("worker") == ["Successful", "Successful"]
    assert staging.running()["worker"] == [BEFORE] * 4


def test_a_rollback_that_is_killed_is_ended_before_a_deploy(staging: Staging) -> None:
    staging.deploy(AFTER)
    assert staging.killed("rollback", "staging", at="console begins")
    written = staging.deploy(FIX, code=outcomes.REFUSED)
    assert "is unfinished: let `rollback` end it first" in written.text
    staging.run("rollback", "staging")
    assert staging.all_run(BEFORE)
    assert staging.released() == (BEFORE, AFTER)


def test_the_lock_of_a_killed_one_ends_by_itself(staging: Staging) -> None:
    assert staging.killed(*staging.words(AFTER), at="migrate begins")
    staging.later -= LEASE
    assert "ends by itself" in staging.deploy(AFTER, code=outcomes.REFUSED).text
    staging.later += LEASE
    staging.deploy(AFTER)
