"""One local AWS for all; each test an environment that the release before runs in, as after a real deploy."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import boto3
import pytest

from tests.deploy.staging import BEFORE, Staging, make, make_project, outside
from tests.ops.aws import LocalAws, local_aws

# A region of its own is an empty AWS, and there at once; forgetting everything takes moto seconds.
_regions = cycle(boto3.session.Session().get_available_regions("ec2"))


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws(("instance_refresh", "run_command")) as running:
        yield running


@pytest.fixture
def empty(aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    """Terraform was here, a deploy never."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    staging = Staging(aws, make_project(tmp_path / "project"), next(_regions))
    make(staging)
    with outside(staging) as address:
        staging.environment.set_parameter("environment/CONSOLE_PUBLIC_URL", f"http://{address}")
        staging.environment.set_parameter("environment/OUTPOST_PUBLIC_URL", f"ws://{address}")
        yield staging


@pytest.fixture
def staging(empty: Staging) -> Staging:
    """Everything runs ``BEFORE``."""
    empty.deploy(BEFORE)
    return empty
