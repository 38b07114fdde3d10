"""The new release's migrations, run by the new release before any instance of a group has it.

One instance is started of the new image by the utility role's launch template, and told to hold:
it writes its environment and starts no unit, so nothing of the new code but its migrations runs. The document
``aerie-<environment>-manage`` has it run ``manage.py`` through Systems Manager; then it is ended, as
it is when the deploy is killed: the next one ends what it finds. The command itself holds
a lock in MySQL, so two never migrate at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deploy import groups
from deploy.environments import Environment, code_of
from deploy.outcomes import Halted
from deploy.progress import Shown
from deploy.state import Image

POLL = 5.0
LOOKS_FOR_AGENT = 120  # ten minutes: it boots, and Systems Manager's agent reports
TAG = "aerie:purpose"
PURPOSE = "migrate"
_ENDED_WELL, _GOING_ON = "Success", {"Pending", "InProgress", "Delayed", "Cancelling"}
_NOT_THERE_YET = {"InvalidInstanceId", "InvalidInstanceId.NotFound"}


def run(
    environment: Environment, image: Image, running: str, pause: Callable[[float], None], shown: Shown
) -> None:
    """Migrate to ``image`` while instances of the release ``running`` go on.

    Raises ``Halted`` with what the command said when it fails: MySQL cannot take back half a migration.
    """
    end_leftovers(environment)
    with _instance(environment, image, shown) as instance:
        shown.at(10, f"{instance} starts")
        words = f"migrate_release --running {running}" if running else "migrate_release"
        output = _output(_migrated(environment, instance, words, pause, shown))
        for line in output.splitlines():
            shown.say(f"  {line}")


def _output(told: dict[str, Any]) -> str:
    output = str(told.get("StandardOutputContent", "")).strip()
    if told["Status"] != _ENDED_WELL:
        reason = told.get("StandardErrorContent", "").strip() or output
        raise Halted(f"The migrations ended as {told['Status']}: {reason[-1500:]}", _WHAT_NOW)
    return output


def _migrated(
    environment: Environment, instance: str, words: str, pause: Callable[[float], None], shown: Shown
) -> dict[str, Any]:
    """How the command ended, asked again while the instance has not finished booting."""
    for _look in range(LOOKS_FOR_AGENT):
        command = _send(environment, instance, words, pause, shown)
        told = _wait(environment, instance, command, pause, shown)
        if not _not_booted(told):
            break
        pause(POLL)
    return told


def end_leftovers(environment: Environment) -> None:
    """Instances of a deploy that was killed. What MySQL has begun of a statement it ends or takes back."""
    filters = [
        {"Name": f"tag:{TAG}", "Values": [PURPOSE]},
        {"Name": "tag:Environment", "Values": [environment.name]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    found = environment.client("ec2").describe_instances(Filters=filters)["Reservations"]
    left = [one["InstanceId"] for reservation in found for one in reservation["Instances"]]
    if left:
        environment.client("ec2").terminate_instances(InstanceIds=left)


@contextmanager
def _instance(environment: Environment, image: Image, shown: Shown) -> Iterator[str]:
    ec2 = environment.client("ec2")
    started = ec2.run_instances(**_wanted(environment, image), MinCount=1, MaxCount=1)
    instance = str(started["Instances"][0]["InstanceId"])
    try:
        yield instance
    except BaseException:
        try:
            ec2.terminate_instances(InstanceIds=[instance])
        except (BotoCoreError, ClientError) as error:  # what went wrong before it counts more
            shown.say(f"{instance} could not be ended, the next deploy does it: {error}")
        raise
    ec2.terminate_instances(InstanceIds=[instance])


def _wanted(environment: Environment, image: Image) -> dict[str, Any]:
    """As a utility instance that is told to hold: it knows its environment and starts no unit."""
    every = groups.found(environment)
    group = every.get("utility") or every.get("worker") or next(iter(every.values()))
    template = groups.specification(group)["LaunchTemplateId"]
    version = groups.version_for(environment, group, image)
    told = groups.template_data(environment, template)["UserData"]
    tags = {"Name": environment.resource(PURPOSE), "Project": "aerie", "Environment": environment.name}
    tags |= {"Role": "utility", TAG: PURPOSE}  # a deployer may send commands to the role utility alone
    return {
        "LaunchTemplate": {"LaunchTemplateId": template, "Version": version},
        "UserData": groups.plain(groups.user_data(told, roles=["utility"], hold=True, release=image.version)),
        "SubnetId": group["VPCZoneIdentifier"].split(",")[0],
        "InstanceInitiatedShutdownBehavior": "terminate",
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}
        ],
    }


def _send(
    environment: Environment, instance: str, words: str, pause: Callable[[float], None], shown: Shown
) -> str:
    ssm, document = environment.client("ssm"), environment.resource("manage")
    for _look in range(LOOKS_FOR_AGENT):
        try:
            sent = ssm.send_command(
                InstanceIds=[instance], DocumentName=document, Parameters={"words": [words]}
            )
        except ClientError as error:
            if code_of(error) not in _NOT_THERE_YET:
                raise Halted(
                    f"The migrations could not be asked for: {error}", "Nothing was migrated."
                ) from None
            shown.at(20, f"{instance} boots")
            pause(POLL)
        else:
            return str(sent["Command"]["CommandId"])
    raise Halted(f"{instance} never reported to Systems Manager", "Nothing was migrated.")


def _not_booted(told: dict[str, Any]) -> bool:
    """systemd had no environment file to read: the agent was quicker than the instance's own boot."""
    return told["Status"] == "Failed" and "unavailable resources" in told.get("StandardErrorContent", "")


def _wait(
    environment: Environment, instance: str, command: str, pause: Callable[[float], None], shown: Shown
) -> dict[str, Any]:
    ssm = environment.client("ssm")
    while True:
        try:
            told: dict[str, Any] = ssm.get_command_invocation(CommandId=command, InstanceId=instance)
        except ssm.exceptions.InvocationDoesNotExist:  # for a moment after it was sent
            told = {"Status": "Pending"}
        if told["Status"] not in _GOING_ON:
            return told
        shown.at(50, "migrating")
        pause(POLL)


_WHAT_NOW = (
    "No instance was replaced: the old release runs on, on whatever part of the new schema there is "
    "(it can: migrations only expand). Mend what the words say and deploy again; what was applied stays."
)
