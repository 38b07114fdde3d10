"""The Parameter Store and Secrets Manager, read by role: what an instance's units are told at its start."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from instance.aws import why
from instance.environment import SECRETS, Sources
from instance.user_data import Assignment


class StoresAway(Exception):
    """One of the stores does not answer or refuses us; worth trying again. Names what was asked for."""


class SecretInvalid(ValueError):
    """A secret is not a JSON object of texts. Says which, never what is in it."""


def fetch(assignment: Assignment, ssm: Any, secrets: Any) -> Sources:
    """All an instance of these roles may know. Raises ``StoresAway`` or ``SecretInvalid``."""
    root = f"/aerie/{assignment.environment}"
    names = sorted({SECRETS[role] for role in assignment.roles})
    return Sources(
        common=_below(ssm, f"{root}/environment/"),
        roles={role: _below(ssm, f"{root}/roles/{role}/") for role in assignment.roles},
        secrets={name: _secret(secrets, f"aerie/{assignment.environment}/{name}") for name in names},
    )


def _below(ssm: Any, path: str) -> dict[str, str]:
    """Every parameter below a path, however many pages it takes, by its last name."""
    pages = ssm.get_paginator("get_parameters_by_path")
    found: dict[str, str] = {}
    try:
        for page in pages.paginate(Path=path, Recursive=True, WithDecryption=True):
            found |= {one["Name"].rpartition("/")[2]: one["Value"] for one in page["Parameters"]}
    except (BotoCoreError, ClientError) as error:
        raise StoresAway(f"parameters below {path}: {why(error)}") from None
    return found


def _secret(client: Any, name: str) -> dict[str, str]:
    try:
        text = client.get_secret_value(SecretId=name)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise StoresAway(f"the secret {name}: {why(error)}") from None
    except KeyError:
        raise SecretInvalid(f"the secret {name} is binary; a JSON object is expected") from None
    try:
        found = json.loads(text)
    except ValueError:
        raise SecretInvalid(f"the secret {name} is not JSON") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise SecretInvalid(f"the secret {name} is not an object whose values are all texts")
    return found
