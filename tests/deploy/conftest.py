"""One local AWS for all; each test an environment that the release before runs in, as after a real deploy."""

from collections.abc import Generator, Iterator
from pathlib import Path

import boto3
import pytest

from tests.deploy.staging import BEFORE, Staging, make, make_project, outside
from tests.ops.aws import LocalAws, local_aws


@pytest.fixture(scope="session")
def places() -> Iterator[Iterator[tuple[LocalAws, str]]]:
    """Regions: one of its own is an empty AWS, and there at once; to forget everything takes moto long."""
    found = _places()
    yield found
    found.close()


def _places() -> Generator[tuple[LocalAws, str], None, None]:
    # S3 wants the first of all regions to be named by silence.
    regions = [one for one in boto3.session.Session().get_available_regions("ec2") if one != "us-east-1"]
    while True:
        with local_aws(("instance_refresh", "run_command")) as aws:
            yield from ((aws, region) for region in regions)


@pytest.fixture
def nothing(
    places: Iterator[tuple[LocalAws, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Staging]:
    """What visitors would see is there; what they would see it of is not."""
    aws, region = next(places)
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    staging = Staging(aws, make_project(tmp_path / "project"), region)
    with outside(staging) as address:
        staging.environment.set_parameter("environment/CONSOLE_PUBLIC_URL", f"http://{address}")
        staging.environment.set_parameter("environment/OUTPOST_PUBLIC_URL", f"ws://{address}")
        yield staging


@pytest.fixture
def empty(nothing: Staging) -> Staging:
    """Terraform was here, a deploy never."""
    make(nothing)
    return nothing


@pytest.fixture
def staging(nothing: Staging) -> Staging:
    """Everything runs ``BEFORE``, as ``test_the_first_deploy_of_all`` leaves it."""
    make(nothing, BEFORE)
    return nothing
