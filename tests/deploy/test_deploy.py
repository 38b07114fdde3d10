"""A deploy that ends well, from the first of all to one with an image to build."""

import json
from pathlib import Path

import pytest

from deploy import state
from tests.deploy.staging import BEFORE, INSTANCES, ROLES, Staging, commit, git
from tests.releases.trees import copy_of_this_tree

AFTER = "0.1.0+11111111"


def test_the_first_deploy_of_all(empty: Staging) -> None:
    empty.deploy(BEFORE)
    assert empty.all_run(BEFORE)
    assert empty.released() == (BEFORE, "")
    assert {role: empty.template_versions(role) for role in ROLES} == dict.fromkeys(ROLES, 2)
    assert [record["outcome"] for record in empty.records()] == ["done"]
    assert state.in_progress(empty.environment) is None


def test_every_instance_is_replaced_and_none_is_missing(staging: Staging) -> None:
    staging.deploy(AFTER)
    assert staging.running() == {role: [AFTER] * INSTANCES for role in ROLES}
    assert staging.released() == (AFTER, BEFORE)
    assert state.in_progress(staging.environment) is None


def test_workers_come_before_the_console_that_asks_them(staging: Staging) -> None:
    lines = staging.deploy(AFTER).lines
    steps = [line.removesuffix(" begins") for line in lines if line.endswith(" begins")]
    assert steps == ["checks", "image", "migrate", "worker", "utility", "console", "outpost", "smoke"]


def test_it_is_written_down_who_deployed_what(staging: Staging) -> None:
    staging.deploy(AFTER)
    record = staging.records()[0]
    assert (record["kind"], record["before"], record["after"], record["outcome"]) == (
        "deploy", BEFORE, AFTER, "done",
    )  # fmt: skip
    assert record["who"].startswith("arn:aws:")
    assert set(record["roles"]) == set(ROLES)
    assert f"{BEFORE} -> {AFTER}" in staging.run("history", "staging").text


def test_migrations_run_on_an_instance_of_the_new_image_that_is_gone_afterwards(staging: Staging) -> None:
    staging.deploy(AFTER)
    ssm, ec2 = staging.api("ssm"), staging.api("ec2")
    last = ssm.list_commands()["Commands"][-1]
    assert last["DocumentName"] == "aerie-staging-manage"
    assert last["Parameters"] == {"words": [f"migrate_release --running {BEFORE}"]}
    found = ec2.describe_instances(InstanceIds=last["InstanceIds"])["Reservations"][0]["Instances"][0]
    assert (found["ImageId"], found["State"]["Name"]) == (staging.images[AFTER], "terminated")


def test_again_changes_no_instance(staging: Staging) -> None:
    staging.deploy(AFTER)
    before = staging.everything()
    staging.deploy(AFTER)
    after = staging.everything()
    assert {key for key in before if before[key] != after[key]} == {"objects", "commands", "instances"}
    assert len(after["instances"]) == len(before["instances"]) + 1  # the one that looks for migrations
    assert staging.released() == (AFTER, BEFORE)


def test_a_dry_run_changes_nothing(staging: Staging) -> None:
    staging.image(AFTER)
    before = staging.everything()
    written = staging.deploy(AFTER, "--dry-run")
    assert f"from {BEFORE} (" in written.text
    assert f"to {AFTER}" in written.text
    assert staging.everything() == before


def test_a_dry_run_tells_what_would_stop_it(staging: Staging) -> None:
    staging.ring()
    assert "alarm that is on: aerie-staging-console-errors" in staging.deploy(AFTER, "--dry-run").text


def test_status_tells_what_runs_and_changes_nothing(staging: Staging) -> None:
    staging.deploy(AFTER)
    before = staging.everything()
    text = staging.run("status", "staging").text
    assert f"In service: {AFTER}" in text
    assert f"before it: {BEFORE}" in text
    assert f"console: {INSTANCES} of version 3; new ones get version 3" in text
    assert staging.everything() == before


def test_history_tells_the_newest_first_and_as_many_as_asked(staging: Staging) -> None:
    staging.deploy(AFTER)
    staging.run("rollback", "staging")
    lines = staging.run("history", "staging").lines
    assert [line.split()[1] for line in lines] == ["rollback", "deploy", "deploy"]
    assert staging.run("history", "staging", "--count", "1").lines == lines[:1]


def test_terraforms_changes_come_with_the_next_release(staging: Staging) -> None:
    ec2, name = staging.api("ec2"), "aerie-staging-console"
    change = {"InstanceType": "t3.medium"}
    ec2.create_launch_template_version(LaunchTemplateName=name, SourceVersion="1", LaunchTemplateData=change)
    newest = ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"]
    number = str(max(one["VersionNumber"] for one in newest))
    ec2.modify_launch_template(LaunchTemplateName=name, DefaultVersion=number)
    staging.deploy(AFTER)
    found = ec2.describe_instances(
        Filters=[{"Name": "image-id", "Values": [staging.images[AFTER]]},
                 {"Name": "instance-type", "Values": ["t3.medium"]}]
    )  # fmt: skip
    assert len(found["Reservations"]) == INSTANCES


def test_from_a_commit_to_an_image_and_static_files(staging: Staging, tmp_path: Path) -> None:
    copy_of_this_tree(staging.project)
    commit(staging.project, "Add the product")
    ami = staging.api("ec2").register_image(Name="built", RootDeviceName="/dev/xvda")["ImageId"]
    (staging.project / "built").write_text(ami + "\n")
    written = staging.run("staging")
    release = f"0.1.0+{git(staging.project, 'rev-parse', 'HEAD')[:8]}"
    assert staging.all_run(release)
    assert f"building {release}" in written.text
    needed = _needed(staging, release)
    there = staging.api("s3").list_objects_v2(Bucket=f"aerie-static-{staging.region}", Prefix="static/")
    assert needed == {one["Key"] for one in there["Contents"]}


def _needed(staging: Staging, release: str) -> set[str]:
    s3 = staging.api("s3")
    body = s3.get_object(Bucket=f"aerie-releases-{staging.region}", Key=f"deploys/static/{release}.json")[
        "Body"
    ]
    names = json.loads(body.read())
    assert len(names) > 10
    return {f"static/{name}" for name in names}


def test_the_commits_between_two_releases_are_named(staging: Staging) -> None:
    first = f"0.1.0+{git(staging.project, 'rev-parse', 'HEAD')[:8]}"
    staging.deploy(first)
    commit(staging.project, "Paint the console green")
    staging.deploy(f"0.1.0+{git(staging.project, 'rev-parse', 'HEAD')[:8]}")
    (line,) = staging.records()[0]["commits"]
    assert line.endswith("Paint the console green")


def test_lines_where_nobody_watches(staging: Staging, capsys: pytest.CaptureFixture[str]) -> None:
    from deploy.__main__ import main

    assert main(["status", "staging", "--region", staging.region]) == 0
    assert f"In service: {BEFORE}" in capsys.readouterr().out
