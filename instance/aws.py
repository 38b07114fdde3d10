"""Clients of AWS: the region and address of the user data, the credentials of the instance's own role."""

from typing import Any

import boto3
from botocore.config import Config

# Each call ends by itself within seconds; whoever calls decides whether to wait and ask again.
_PATIENCE = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})


def client(name: str, region: str, endpoint_url: str = "") -> Any:
    """A client of its own: boto3's are safe to use from one thread at a time each."""
    return boto3.session.Session().client(
        name, region_name=region, endpoint_url=endpoint_url or None, config=_PATIENCE
    )
