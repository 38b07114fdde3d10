"""What a deploy asks of AWS, its role may; what it goes by, Terraform writes. By the text of terraform/."""

import re
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.model import OperationModel

from deploy import groups, migration
from deploy.environments import Environment
from tests.deploy.staging import WORDS, Staging

PROJECT = Path(__file__).parents[2]
TERRAFORM = PROJECT / "terraform"
AFTER = "0.1.0+11111111"
# Rights that are not called as what they allow; who one is everybody may ask.
NAMES = {"s3:ListObjectsV2": "s3:ListBucket"}
FREE = {"sts:GetCallerIdentity"}
MOST_ALARMS = 10  # of an instance refresh, says Auto Scaling's API reference
PARAMETER = re.compile(r'parameter\(f?"([^"]+)"')


@pytest.fixture
def asked(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Actions of clients that are made from now on."""
    found: set[str] = set()

    def note(model: OperationModel, **_: object) -> None:
        service = {"monitoring": "cloudwatch"}.get(
            model.service_model.signing_name, model.service_model.signing_name
        )
        found.add(NAMES.get(f"{service}:{model.name}", f"{service}:{model.name}"))

    session = boto3.session.Session()
    session.events.register("before-call", note)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return found


def _deployer() -> str:
    """Without what is for building images."""
    return (TERRAFORM / "app" / "deployer.tf").read_text().partition("  building = [")[0]


def test_the_deployer_may_do_what_deploys_do(staging: Staging, asked: set[str]) -> None:
    staging.broken.add(AFTER)
    staging.deploy(AFTER, code=1)
    staging.broken.clear()
    staging.grow("worker", 4)
    staging.killed(*staging.words(AFTER), at="0 % InProgress")
    staging.run("rollback", "staging")
    staging.deploy(AFTER)
    for words in (["status"], ["history"], ["rollback"]):
        staging.run(*words, "staging")
    assert {"autoscaling:CancelInstanceRefresh", "ec2:RunInstances", "ssm:SendCommand"} <= asked
    assert asked - FREE - set(re.findall(r'"(\w+:\w+)"', _deployer())) == set()


def test_the_deployer_may_end_what_migrates_and_nothing_else() -> None:
    assert f'"aws:ResourceTag/{migration.TAG}" = "{migration.PURPOSE}"' in _deployer()
    assert _deployer().count("ec2:TerminateInstances") == 1


def test_the_deployer_may_delete_no_file() -> None:
    assert "s3:Delete" not in _deployer()


def _published() -> set[str]:
    """Parameters of Terraform's, without ``/aerie/<environment>/``."""
    found = set()
    for path in TERRAFORM.glob("*/published.tf"):
        for block in re.findall(r'path\s+= "\$\{local\.path\}/(\w+)"(.*?)^\}', path.read_text(), re.M | re.S):
            found |= {f"{block[0]}/{name}" for name in re.findall(r"^\s+(\w+)\s+=", block[1], re.M)}
    return found


def test_every_parameter_that_deploys_read_is_terraforms_or_their_own() -> None:
    read = {
        name for path in (PROJECT / "deploy").glob("*.py") for name in PARAMETER.findall(path.read_text())
    }
    lists = {f"{state}/rollback_alarms" for state in ("app", "outpost")}
    assert "{state}/rollback_alarms" in read
    read = {name for name in read if not name.startswith("release/")} - {"{state}/rollback_alarms"} | lists
    assert len(read) > 4
    assert read - _published() == set()


def test_an_instance_refresh_takes_all_alarms() -> None:
    texts = [(TERRAFORM / state / "published.tf").read_text() for state in ("app", "outpost")]
    lists = [re.search(r"rollback_alarms = \[(.*?)\n  \]", text, re.S) for text in texts]
    names = [re.findall(r'"(\w+)"|module\.(\w+)', found[1]) for found in lists if found]
    assert [len(one) > 2 for one in names] == [True, True]
    assert sum(len(one) for one in names) <= MOST_ALARMS


def test_groups_and_the_document_are_called_as_terraform_calls_them() -> None:
    environment = Environment("staging", "eu-central-1")
    fleet, sessions = (TERRAFORM / "modules/fleet/main.tf").read_text(), TERRAFORM / "app/sessions.tf"
    assert 'name  = "aerie-${var.environment}-${var.role}"' in fleet
    assert environment.resource(groups.ORDER[0]) == "aerie-staging-worker"
    assert 'name            = "${local.name}-manage"' in sessions.read_text()
    assert f'allowedPattern = "{WORDS}"' in sessions.read_text()
