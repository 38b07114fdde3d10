"""A local AWS for these tests, and an instance in it."""

from collections.abc import Iterator

import pytest

from instance import aws
from instance.identity import Identity
from instance.user_data import Assignment
from tests.ops.aws import LocalAws, local_aws


@pytest.fixture(scope="session")
def amazon() -> Iterator[LocalAws]:
    with local_aws() as found:
        yield found


@pytest.fixture
def here(amazon: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Identity:
    """An instance of all roles, whose clients reach the local AWS."""
    for name, value in amazon.environment.items():
        monkeypatch.setenv(name, value)
    roles = ("console", "worker", "utility", "outpost")
    assignment = Assignment(roles, "staging", "eu-central-1", "0.2.0", amazon.endpoint)
    return Identity(assignment, "i-0123456789abcdef0", "eu-central-1a", "10.0.0.7")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where AWS is away on purpose, its client does not try for seconds."""
    monkeypatch.setattr(aws, "_PATIENCE", aws._PATIENCE.merge(aws.Config(retries={"total_max_attempts": 1})))


@pytest.fixture
def no_credentials(here: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the first seconds of an instance, whose role comes later."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
