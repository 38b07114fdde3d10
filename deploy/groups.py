"""Auto-scaling groups by role, and the launch template version that is a release of a role."""

import base64
import json
from typing import Any

from deploy.environments import Environment
from deploy.outcomes import Refused
from deploy.state import Image

# Whoever does new kinds of work comes before whoever asks for them. Back again, the other way round.
ORDER = ("worker", "utility", "console", "outpost")
FIRST_LINE = "#cloud-config"


def found(environment: Environment) -> dict[str, dict[str, Any]]:
    """The groups there are, by role, in ``ORDER``. Raises ``Refused`` when there is none."""
    names = {environment.resource(role): role for role in ORDER}
    answer = environment.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=list(names))
    groups = {names[group["AutoScalingGroupName"]]: group for group in answer["AutoScalingGroups"]}
    if not groups:
        raise Refused(
            f"{environment.name} has no auto-scaling groups yet: apply Terraform's states app and outpost"
        )
    return {role: groups[role] for role in ORDER if role in groups}


def specification(group: dict[str, Any]) -> dict[str, str]:
    """The launch template of a group, with or without spot instances beside it."""
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    found: dict[str, str] = mixed.get("LaunchTemplateSpecification") or group["LaunchTemplate"]
    return found


def desired(group: dict[str, Any], version: str) -> dict[str, Any]:
    """What an instance refresh is asked for: this version, everything else of the group as it is."""
    template = {"LaunchTemplateId": specification(group)["LaunchTemplateId"], "Version": version}
    mixed = group.get("MixedInstancesPolicy")
    if not mixed:
        return {"LaunchTemplate": template}
    launch = {"LaunchTemplateSpecification": template}
    if overrides := mixed["LaunchTemplate"].get("Overrides"):
        launch["Overrides"] = overrides
    policy = {"LaunchTemplate": launch, "InstancesDistribution": mixed["InstancesDistribution"]}
    return {"MixedInstancesPolicy": policy}


def version_for(environment: Environment, group: dict[str, Any], image: Image) -> str:
    """The number of the launch template's version with this image: found, or made of Terraform's newest one.

    Found only while nothing else differs, so that a change of Terraform's comes with the next
    release; a deploy that is run again finds what it made.
    """
    template = specification(group)["LaunchTemplateId"]
    wanted = _with_image(template_data(environment, template), image)
    for version in sorted(_versions(environment, template), key=lambda one: -one["VersionNumber"]):
        if version["LaunchTemplateData"] == wanted:
            return str(version["VersionNumber"])
    made = environment.client("ec2").create_launch_template_version(
        LaunchTemplateId=template,
        SourceVersion="$Default",
        VersionDescription=image.version,
        LaunchTemplateData={"ImageId": image.ami, "UserData": wanted["UserData"]},
    )
    return str(made["LaunchTemplateVersion"]["VersionNumber"])


def newest_with(environment: Environment, group: dict[str, Any], image: Image) -> str:
    """The version that ran this image, as it ran; made anew when somebody removed it."""
    template = specification(group)["LaunchTemplateId"]
    for version in sorted(_versions(environment, template), key=lambda one: -one["VersionNumber"]):
        data = version["LaunchTemplateData"]
        if data.get("ImageId") == image.ami and release_in(data.get("UserData", "")) == image.version:
            return str(version["VersionNumber"])
    return version_for(environment, group, image)


def release_in(user_data: str) -> str:
    """The release that user data, in base64, tells an instance; empty when it is none of ours."""
    try:
        return str(_told(user_data)["aerie"]["release"])
    except (ValueError, KeyError, TypeError):
        return ""


def user_data(user_data: str, **changes: Any) -> str:
    """The same user data with other values under "aerie", in base64."""
    told = _told(user_data)
    told["aerie"] |= changes
    return base64.b64encode(f"{FIRST_LINE}\n{json.dumps(told)}".encode()).decode()


def plain(user_data: str) -> str:
    """What base64 holds; RunInstances wants it so, and encodes it itself."""
    return base64.b64decode(user_data).decode()


def template_data(environment: Environment, template: str) -> dict[str, Any]:
    """What Terraform last said of a launch template."""
    found: dict[str, Any] = _versions(environment, template, ["$Default"])[0]["LaunchTemplateData"]
    return found


def _told(user_data: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(plain(user_data).removeprefix(FIRST_LINE))
    return told


def _with_image(data: dict[str, Any], image: Image) -> dict[str, Any]:
    return data | {"ImageId": image.ami, "UserData": user_data(data["UserData"], release=image.version)}


def _versions(
    environment: Environment, template: str, versions: list[str] | None = None
) -> list[dict[str, Any]]:
    pages = environment.client("ec2").get_paginator("describe_launch_template_versions")
    only = {"Versions": versions} if versions else {}
    answers = pages.paginate(LaunchTemplateId=template, **only)
    return [one for page in answers for one in page["LaunchTemplateVersions"]]
