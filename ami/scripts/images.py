"""Images on EC2, as ami/build asks for them: ``images.py VERB …`` prints an image's id.

``debian ARCH``  Debian's newest (its owner and name's pattern come from DEBIAN_AMI_OWNER and DEBIAN_AMI_NAME)
``base KEY ARCH``  our newest base image of that key; an empty line when there is none
``imdsv2 AMI``  after having every instance of it refuse the older metadata service
``made FILE``  what Packer's manifest tells
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import boto3

MACHINES = {"arm64": "arm64", "amd64": "x86_64"}


def debian(arch: str) -> str:
    """Raises ``SystemExit`` in words when there is none."""
    name = os.environ["DEBIAN_AMI_NAME"] % arch
    found = _newest(
        [os.environ["DEBIAN_AMI_OWNER"]], name=name, architecture=MACHINES[arch], state="available"
    )
    return found or sys.exit(f"There is no image {name} of Debian's in this region.")


def base(key: str, arch: str) -> str:
    return _newest(["self"], state="available", **{"tag:BaseKey": key, "tag:Architecture": arch})


def imdsv2(ami: str) -> str:
    boto3.client("ec2").modify_image_attribute(ImageId=ami, ImdsSupport={"Value": "v2.0"})
    return ami


def made(manifest: str) -> str:
    """The last build's; Packer writes region:ami-…"""
    builds = json.loads(Path(manifest).read_text())["builds"]
    return str(builds[-1]["artifact_id"]).rpartition(":")[2]


def _newest(owners: list[str], **filters: str) -> str:
    asked: list[Any] = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    images = boto3.client("ec2").describe_images(Owners=owners, Filters=asked)["Images"]
    return str(max(images, key=lambda image: image["CreationDate"])["ImageId"]) if images else ""


if __name__ == "__main__":
    verb = {"debian": debian, "base": base, "imdsv2": imdsv2, "made": made}[sys.argv[1]]
    sys.stdout.write(f"{verb(*sys.argv[2:])}\n")
