"""Every state of terraform/: checked, applied to a local AWS by the command that ops run, and destroyed."""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.ops import drift
from tests.ops.aws import local_aws
from tests.ops.infrastructure import (
    ROOT,
    STATES,
    TOKEN,
    Infrastructure,
    in_order,
    infrastructure,
    known_secrets,
)

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="session")
def bootstrapped() -> Iterator[Future[tuple[list[dict[str, Any]], dict[str, Any]]]]:
    """Production's bucket of states, made beside everything else: Terraform waits a minute for its rules."""
    with ThreadPoolExecutor() as threads:
        yield threads.submit(_bootstrap)


def _bootstrap() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What a plan of the bucket would do once its state moved into it, and how that lies there."""
    with local_aws() as aws, infrastructure(aws, "production") as production:
        production.bootstrap()
        kept = aws.client("s3").head_object(Bucket="aerie-production-states", Key="states.tfstate")
        return production.changes("states"), kept


@pytest.fixture(scope="session")
def checked() -> Iterator[Future[subprocess.CompletedProcess[str]]]:
    """Format, validity, Terraform's own tests, checkov: beside everything else as well."""
    command = [ROOT / "bin" / "check-terraform"]
    with ThreadPoolExecutor() as threads:
        yield threads.submit(subprocess.run, command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def staging(bootstrapped: object, checked: object, applied: Infrastructure) -> Infrastructure:
    """All states applied, in order; destroyed by the last test."""
    return applied


@pytest.fixture(scope="module")
def second_plans(staging: Infrastructure) -> dict[str, list[dict[str, Any]]]:
    with ThreadPoolExecutor(2) as threads:
        return dict(zip(STATES, threads.map(staging.changes, STATES), strict=True))


def test_a_check_without_terraform_says_what_to_do() -> None:
    ran = subprocess.run(
        [ROOT / "bin" / "check-terraform"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "WITHOUT_TERRAFORM=1" in ran.stderr


def _waivers() -> list[tuple[Path, str]]:
    files = [path for path in (ROOT / "terraform").rglob("*.tf") if ".terraform" not in path.parts]
    return [
        (path, line) for path in files for line in path.read_text().splitlines() if "checkov:skip" in line
    ]


def test_every_waiver_has_its_reason() -> None:
    said = r"\s*#checkov:skip=CKV2?_AWS_\d+:\S.{15,}"
    assert [(path, line) for path, line in _waivers() if not re.fullmatch(said, line)] == []


def test_a_second_plan_adds_and_destroys_nothing(second_plans: dict[str, list[dict[str, Any]]]) -> None:
    for state, changes in second_plans.items():
        assert [(state, one["address"]) for one in changes if one["change"]["actions"] != ["update"]] == []


@pytest.fixture(scope="module")
def found(second_plans: dict[str, list[dict[str, Any]]]) -> list[drift.Drifted]:
    return [one for state, changes in second_plans.items() for one in drift.drifted(state, changes)]


def test_a_second_plan_changes_only_what_is_allowed(found: list[drift.Drifted]) -> None:
    assert drift.forbidden(found) == []


def test_the_allow_list_has_nothing_that_never_happens(found: list[drift.Drifted]) -> None:
    assert drift.never(found) == []


def test_states_tell_each_other_by_parameters(staging: Infrastructure) -> None:
    told = _told(staging)
    assert len(told["network/private_subnet_ids"].split(",")) == 2
    assert told["network/outbound_addresses"].count(".") == 3
    assert told["environment/STORAGE_URL"] == f"s3://{told['data/files_bucket']}"
    assert told["environment/STATIC_URL"] == "https://static.staging.aerie.example/static/"


def _told(staging: Infrastructure) -> dict[str, str]:
    """Every parameter, by its name below the environment's."""
    pages = staging.aws.client("ssm").get_paginator("get_parameters_by_path")
    return {
        one["Name"].removeprefix("/aerie/staging/"): one["Value"]
        for page in pages.paginate(Path="/aerie/staging", Recursive=True)
        for one in page["Parameters"]
    }


def test_productions_variables_fit_its_states(staging: Infrastructure) -> None:
    """Each is planned from nothing; what the states before it would have told is staging's."""
    ssm = staging.aws.client("ssm")
    for name, value in _told(staging).items():
        ssm.put_parameter(Name=f"/aerie/production/{name}", Value=value, Type="String", Overwrite=True)
    with infrastructure(staging.aws, "production") as production:
        production.make_bucket()
        changes = [one for state in STATES for one in production.changes(state)]
    assert {tuple(one["change"]["actions"]) for one in changes} == {("create",)}
    made = Counter(one["type"] for one in changes)
    assert (made["aws_nat_gateway"], made["aws_wafv2_web_acl"], made["aws_autoscaling_group"]) == (3, 1, 4)


def test_outposts_and_apps_have_secrets_of_their_own(staging: Infrastructure) -> None:
    client = staging.aws.client("secretsmanager")
    app, outpost = (
        json.loads(client.get_secret_value(SecretId=f"aerie/staging/{name}")["SecretString"])
        for name in ("app", "outpost")
    )
    assert app["DATABASE_URL"].startswith("mysql://aerie:")
    assert app["REDIS_URL"].startswith(f"rediss://:{TOKEN}@")
    assert {"DATABASE_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS"}.isdisjoint(outpost)
    assert outpost["OUTPOST_STORE"] == app["LIVE_STORE_URL"]


def test_no_state_holds_a_secret(staging: Infrastructure) -> None:
    for state in STATES:
        kept = json.dumps(staging.contents(state))
        assert [secret for secret in known_secrets() if secret in kept] == []


def test_a_state_is_locked_while_it_changes(staging: Infrastructure) -> None:
    """Another apply left its lock: nobody else gets in."""
    s3 = staging.aws.client("s3")
    lock = {"ID": "someone", "Operation": "apply", "Who": "a teammate", "Version": "1.11.4", "Path": "x"}
    s3.put_object(Bucket="aerie-staging-states", Key="network.tfstate.tflock", Body=json.dumps(lock))
    with pytest.raises(AssertionError, match="a teammate"):
        staging.run("network", "plan", "-input=false")
    s3.delete_object(Bucket="aerie-staging-states", Key="network.tfstate.tflock")


def test_the_bucket_of_states_is_in_a_state_of_its_own(
    bootstrapped: Future[tuple[list[dict[str, Any]], dict[str, Any]]],
) -> None:
    changes, kept = bootstrapped.result()
    assert changes == []
    assert kept["ServerSideEncryption"] == "aws:kms"


def test_the_local_aws_refuses_to_scale_by_requests_that_nobody_sends(staging: Infrastructure) -> None:
    """As Amazon does: what was applied had its listener before its policy."""
    (group, *_) = staging.aws.client("elbv2").describe_target_groups()["TargetGroups"]
    label = f"app/x/1/{group['TargetGroupArn'].rpartition(':')[2]}-unknown"
    metric = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    with pytest.raises(ClientError, match="does not route traffic"):
        staging.aws.client("autoscaling").put_scaling_policy(
            AutoScalingGroupName="aerie-staging-console",
            PolicyName="requests",
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={"PredefinedMetricSpecification": metric, "TargetValue": 1.0},
        )


def test_checks_pass(checked: Future[subprocess.CompletedProcess[str]]) -> None:
    ran = checked.result()
    print(ran.stderr)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]


@pytest.mark.parametrize("words", ["destroy", "apply -destroy", "plan -input=false -destroy"])
def test_production_is_destroyed_by_nobody_in_passing(words: str) -> None:
    command = [ROOT / "bin" / "infrastructure", "production", "network", *words.split()]
    ran = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "DESTROY=production" in ran.stderr


def test_everything_can_be_destroyed(staging: Infrastructure) -> None:
    in_order(staging.destroy, backwards=True)
    assert [state for state in STATES if staging.contents(state).get("resources")] == []


def test_only_one_file_says_whom_we_talk_to() -> None:
    links = [ROOT / "terraform" / state / "aws.tf" for state in (*STATES, "states")]
    assert {os.readlink(link) for link in links} == {"../aws.tf"}
