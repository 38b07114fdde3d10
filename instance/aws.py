"""Clients of AWS: the region and address of the user data, the credentials of the instance's own role."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

# Each call ends by itself within seconds; whoever calls decides whether to wait and ask again.
_PATIENCE = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})


def client(name: str, region: str, endpoint_url: str = "") -> Any:
    """A client of its own: boto3's are safe to use from one thread at a time each.

    Raises ``NoCredentialsError`` while the instance has none yet: a client made without stays without.
    """
    session = boto3.session.Session()
    if session.get_credentials() is None:
        raise NoCredentialsError
    return session.client(name, region_name=region, endpoint_url=endpoint_url or None, config=_PATIENCE)


def why(error: Exception) -> str:
    """The error's code alone: messages may quote what was sent."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "refused"))
    return type(error).__name__
