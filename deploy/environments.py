"""One environment in AWS: its clients, its parameters, and the names of what Terraform made for it."""

from contextlib import suppress
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deploy.outcomes import Refused

NAMES = ("staging", "production")
_PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


class Environment:
    """Credentials come from where the AWS SDK finds them; nothing of them is kept or shown."""

    def __init__(self, name: str, region: str) -> None:
        self.name, self.region = name, region
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=self.region, config=_PATIENCE)
        return self._clients[service]

    def resource(self, what: str) -> str:
        """Groups, launch templates and documents are called so."""
        return f"aerie-{self.name}-{what}"

    def parameter(self, name: str, fallback: str = "") -> str:
        """``/aerie/<environment>/<name>``; a missing one is the fallback."""
        try:
            answer = self.client("ssm").get_parameter(Name=f"/aerie/{self.name}/{name}")
        except self.client("ssm").exceptions.ParameterNotFound:
            return fallback
        return str(answer["Parameter"]["Value"])

    def set_parameter(self, name: str, value: str) -> None:
        """Written only when it differs, so that its history tells changes alone."""
        if self.parameter(name) != value:
            full = f"/aerie/{self.name}/{name}"
            self.client("ssm").put_parameter(Name=full, Value=value, Type="String", Overwrite=True)

    def remove_parameter(self, name: str) -> None:
        with suppress(self.client("ssm").exceptions.ParameterNotFound):
            self.client("ssm").delete_parameter(Name=f"/aerie/{self.name}/{name}")

    @cached_property
    def bucket(self) -> str:
        """Where records and the lock are. Raises ``Refused`` when there is no such environment here."""
        name = self.parameter("data/releases_bucket")
        if not name:
            raise Refused(
                f"This AWS account holds no environment {self.name!r} in {self.region}: "
                f"/aerie/{self.name}/data/releases_bucket is missing. Apply Terraform's state data first, "
                "or use the other account's credentials."
            )
        return name

    def identity(self) -> tuple[str, str]:
        """Account and ARN of whoever deploys. Raises ``Refused`` without usable credentials."""
        try:
            found = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise Refused(f"AWS does not know who you are: {error}") from None
        return str(found["Account"]), str(found["Arn"])
