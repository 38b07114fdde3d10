"""moto, extended with Run Commands that know their document and their instance, and may fail.

Systems Manager refuses an instance until it has been asked for twice, as while it boots, a document
that nobody made, and words that the document's ``allowedPattern`` does not let through. The command of
an instance whose image is tagged ``Migrates=no`` fails with words on stderr. (moto alone takes any
document, and sends what names no targets to every instance there is.)
"""

import json
import re
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.ssm.models import Command, SimpleSystemManagerBackend

BOOTS_FOR = 2  # requests
_send = SimpleSystemManagerBackend.send_command
_asked: dict[str, int] = {}


class InvalidInstanceId(ServiceException):
    code = "InvalidInstanceId"


class InvalidDocument(ServiceException):
    code = "InvalidDocument"


class InvalidParameters(ServiceException):
    code = "InvalidParameters"


def send_command(self: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> Command:
    instance_id = kwargs["instance_ids"][0]
    _refuse_unknown(self, kwargs["document_name"], kwargs["parameters"])
    _asked[instance_id] = _asked.get(instance_id, 0) + 1
    if _asked[instance_id] <= BOOTS_FOR:
        raise InvalidInstanceId("Instances not in a valid state for account")
    command = _send(self, *args, **kwargs)
    command.instance_ids = [instance_id]
    command.invocations = [one for one in command.invocations if one["InstanceId"] == instance_id]
    if _fails(self, instance_id):
        words = {"StandardErrorContent": "OperationalError: (1205) Lock wait timeout exceeded"}
        command.invocations[0] |= words | {"Status": "Failed", "StatusDetails": "Failed"}
    return command


def _refuse_unknown(backend: SimpleSystemManagerBackend, name: str, given: dict[str, list[str]]) -> None:
    if name not in backend._documents:
        raise InvalidDocument(f"Document with name {name} does not exist.")
    known = json.loads(backend._documents[name].find().content)["parameters"]
    for parameter, values in given.items():
        pattern = known[parameter].get("allowedPattern", ".*") if parameter in known else None
        if pattern is None or not all(re.fullmatch(pattern, value) for value in values):
            raise InvalidParameters(f"Parameter {parameter} is unknown or does not match {pattern}")


def _fails(backend: SimpleSystemManagerBackend, instance_id: str) -> bool:
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    image = ec2.get_instance(instance_id).image_id
    return any(
        tag["value"] == "no" for tag in ec2.describe_tags({"resource-id": [image], "key": ["Migrates"]})
    )


def extend() -> None:
    """Replace the action in this process."""
    SimpleSystemManagerBackend.send_command = send_command
