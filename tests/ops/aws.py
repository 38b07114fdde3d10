"""A local AWS: moto's server in a process of its own, with the actions that it lacks.

``with local_aws() as aws: aws.endpoint`` is its address, ``aws.environment`` the variables with which boto3,
Terraform and Packer find it, ``aws.client("ec2")`` a boto3 client of it. What it knows is gone when it ends.

An extension is a module beside this one with a function ``extend()``, which adds actions to moto's backends
and response classes inside the server's process. Name it in ``EXTENSIONS``.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.servers import Server, ServerFailed, free_port, temporary_directory

ACCOUNT = "123456789012"
REGION = "eu-central-1"
# Loaded where the module exists.
EXTENSIONS = (
    "bucket_policies",
    "cloudfront",
    "elasticache",
    "instance_refresh",
    "lifecycle",
    "budgets",
    "run_command",
    "scaling_policies",
)


@dataclass(frozen=True)
class LocalAws:
    """A running one; ``log`` is the file with its requests."""

    endpoint: str
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of it, which does not wait for what is not there."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"}),
        )


class _Moto(Server):
    name = "aws"

    def __init__(self, directory: Path, extensions: Sequence[str]) -> None:
        super().__init__(directory)
        self.extensions = extensions
        # Managed policies exist, and certificates are validated at once instead of after a minute.
        known = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_ACM_VALIDATION_WAIT": "0"}
        self.popen_arguments = {"env": os.environ | known, "cwd": Path(__file__).parents[2]}

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.ops.aws", str(self.port), *self.extensions]

    def answers(self) -> bool:
        return self.ask(b"GET /moto-api/ HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.")


@contextlib.contextmanager
def local_aws(extensions: Sequence[str] = EXTENSIONS) -> Iterator[LocalAws]:
    """Start one on a free port of the loopback address; it is ended with the block."""
    with temporary_directory() as directory:
        server = _Moto(directory, extensions)
        try:
            _start(server)
            yield LocalAws(f"http://127.0.0.1:{server.port}", server.log)
        finally:
            server.kill()


def _start(server: _Moto, tries: int = 3) -> None:
    """It takes seconds: on another port when somebody took its own meanwhile. Raises ``ServerFailed``."""
    try:
        server.start()
    except ServerFailed as failed:
        if tries == 1 or "already in use" not in str(failed):
            raise
        server.kill()
        server.port = free_port()
        _start(server, tries - 1)


def serve(port: int, extensions: Sequence[str]) -> None:
    """Be the server, in this process, until it is killed."""
    from moto.server import main

    for name in extensions:
        if (Path(__file__).parent / f"{name}.py").exists():
            importlib.import_module(f"tests.ops.{name}").extend()
    main(["-H", "127.0.0.1", "-p", str(port)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
