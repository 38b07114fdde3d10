"""The machine image of a release: found, or built by ``ami/build``."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.environments import Environment
from deploy.outcomes import Refused

TAG = "Release"
POLL = 15.0
_BAD = {"failed", "error", "deregistered", "invalid", "transient"}


def find(environment: Environment, release: str) -> str:
    """Our newest usable image of this release; empty when there is none."""
    filters = [
        {"Name": f"tag:{TAG}", "Values": [release]},
        {"Name": "state", "Values": ["available", "pending"]},
    ]
    images = environment.client("ec2").describe_images(Owners=["self"], Filters=filters)["Images"]
    return str(max(images, key=lambda one: one.get("CreationDate", ""))["ImageId"]) if images else ""


def release_of(environment: Environment, ami: str) -> str:
    """The release an image says it holds; or nothing. Raises ``Refused`` without such an image."""
    tags = _image(environment, ami).get("Tags", [])
    return next((tag["Value"] for tag in tags if tag["Key"] == TAG), "")


def build(environment: Environment, release: str, project: Path, say: Callable[[str], None]) -> str:
    """Run ``ami/build``; the last line it prints is the image's id. Raises ``Refused`` when it fails."""
    variables = [f"AERIE_RELEASE={release}", f"AWS_REGION={environment.region}"]
    command = ["env", *variables, str(project / "ami" / "build")]
    last = ""
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        for line in process.stdout or ():
            last = line.strip() or last
            say(f"  {line.rstrip()}")
    if process.returncode or not last.startswith("ami-"):
        raise Refused(f"ami/build failed ({process.returncode}); its last line was: {last or 'nothing'}")
    environment.client("ec2").create_tags(Resources=[last], Tags=[{"Key": TAG, "Value": release}])
    return last


def wait(environment: Environment, ami: str, pause: Callable[[float], None]) -> None:
    """Until instances can be started from it."""
    while (state := _image(environment, ami)["State"]) != "available":
        if state in _BAD:
            raise Refused(f"The image {ami} is {state}")
        pause(POLL)


def _image(environment: Environment, ami: str) -> dict[str, Any]:
    images = environment.client("ec2").describe_images(Filters=[{"Name": "image-id", "Values": [ami]}])[
        "Images"
    ]
    if not images:
        raise Refused(
            f"There is no image {ami} in {environment.region}, or it is not shared with this account"
        )
    found: dict[str, Any] = images[0]
    return found
