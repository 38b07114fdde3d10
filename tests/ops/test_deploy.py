"""What Terraform made is deployed to: ``python -m deploy`` on states applied to a local AWS, and back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from deploy import groups, releases
from deploy.__main__ import main
from deploy.environments import Environment
from deploy.static_files import FOREVER
from tests.deploy.staging import Written
from tests.ops import drift
from tests.ops.aws import REGION
from tests.ops.infrastructure import Infrastructure

pytestmark = pytest.mark.timeout(1800)
NEXT = "9.9.9+deadbeef"
NO_SMOKE = ("--skip", "check", "--skip", "smoke")  # behind the local AWS's balancers nobody answers


@dataclass
class Deployed:
    """Staging, and what was said by a deploy of this checkout, one of the next release, and a rollback."""

    terraform: Infrastructure
    release: str
    environment: Environment = field(default_factory=lambda: Environment("staging", REGION))

    def run(self, *words: str) -> str:
        written = Written()
        code = main([*words, "--region", REGION], written, sleep=lambda _: None)
        assert code == 0, written.text
        return written.text

    def image(self, release: str) -> str:
        ec2 = self.terraform.aws.client("ec2")
        image: str = ec2.register_image(Name=f"aerie-{release}", RootDeviceName="/dev/xvda")["ImageId"]
        ec2.create_tags(Resources=[image], Tags=[{"Key": "Release", "Value": release}])
        return image

    def running(self) -> set[str]:
        """The releases of all instances of all groups."""
        ec2, found = self.terraform.aws.client("ec2"), groups.found(self.environment)
        assert list(found) == list(groups.ORDER)
        templates = [one["LaunchTemplate"] for group in found.values() for one in group["Instances"]]
        return {self._release(ec2, one["LaunchTemplateId"], one["Version"]) for one in templates}

    @staticmethod
    def _release(ec2: object, template: str, version: str) -> str:
        told = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=[version])  # type: ignore[attr-defined]
        return groups.release_in(told["LaunchTemplateVersions"][0]["LaunchTemplateData"]["UserData"])


@pytest.fixture(scope="module")
def deployed(applied: Infrastructure) -> Iterator[Deployed]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in applied.aws.environment.items():
            patch.setenv(name, value)
        found = Deployed(applied, releases.here().name)
        found.run("staging", "--ami", found.image(found.release), *NO_SMOKE)
        yield found
        # Terraform empties them by itself, but of the local AWS it asks once, and gave up on a busy machine.
        for kind in ("static", "releases"):
            _empty(found, found.environment.parameter(f"data/{kind}_bucket"))


def _empty(found: Deployed, bucket: str) -> None:
    s3 = found.terraform.aws.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def test_every_group_of_terraforms_runs_the_release(deployed: Deployed) -> None:
    assert deployed.running() == {deployed.release}
    assert f"In service: {deployed.release}" in deployed.run("status", "staging")


def test_terraforms_document_ran_the_migrations(deployed: Deployed) -> None:
    sent = deployed.terraform.aws.client("ssm").list_commands()["Commands"]
    assert [one["DocumentName"] for one in sent] == ["aerie-staging-manage"]
    ec2 = deployed.terraform.aws.client("ec2")
    migrating = ec2.describe_instances(InstanceIds=sent[0]["InstanceIds"])["Reservations"][0]["Instances"][0]
    tags = {one["Key"]: one["Value"] for one in migrating["Tags"]}
    template = ec2.describe_launch_templates(LaunchTemplateIds=[tags["aws:ec2launchtemplate:id"]])
    assert template["LaunchTemplates"][0]["LaunchTemplateName"] == "aerie-staging-utility"
    assert migrating["State"]["Name"] == "terminated"


def test_terraforms_bucket_has_the_files_of_the_release(deployed: Deployed) -> None:
    s3, bucket = deployed.terraform.aws.client("s3"), deployed.environment.parameter("data/static_bucket")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="static/")["Contents"]]
    style = next(key for key in keys if re.fullmatch(r"static/console/app\.[0-9a-f]{12}\.css", key))
    head = s3.head_object(Bucket=bucket, Key=style)
    assert (head["ContentType"], head["CacheControl"]) == ("text/css; charset=utf-8", FOREVER)


def test_forward_and_back(deployed: Deployed) -> None:
    deployed.run("deploy", "staging", "--ami", deployed.image(NEXT), *NO_SMOKE, "--skip", "static")
    assert deployed.running() == {NEXT}
    deployed.run("rollback", "staging", "--skip", "smoke")
    assert deployed.running() == {deployed.release}
    lines = deployed.run("history", "staging").splitlines()
    assert [line.split()[1:5] for line in lines] == [
        ["rollback", NEXT, "->", deployed.release],
        ["deploy", deployed.release, "->", NEXT],
        ["deploy", "nothing", "->", deployed.release],
    ]


@pytest.mark.parametrize("state", ["app", "outpost"])
def test_terraform_leaves_alone_what_the_deploy_did(deployed: Deployed, state: str) -> None:
    """Which version a group runs is the deploy's: a plan would change what it would have changed before."""
    changes = deployed.terraform.changes(state)
    assert [one["address"] for one in changes if one["change"]["actions"] != ["update"]] == []
    assert drift.forbidden(drift.drifted(state, changes)) == []
