"""One local AWS for all; each test an environment that the release before runs in, as after a real deploy."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.staging import BEFORE, Staging, make, make_project, outside
from tests.ops.aws import LocalAws, local_aws


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with local_aws(("instance_refresh", "run_command")) as running:
        yield running


@pytest.fixture
def empty(aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Staging]:
    """Terraform was here, a deploy never."""
    _reset(aws)
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    staging = Staging(aws, make_project(tmp_path / "project"))
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


def _reset(aws: LocalAws) -> None:
    request = urllib.request.Request(f"{aws.endpoint}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).close()
