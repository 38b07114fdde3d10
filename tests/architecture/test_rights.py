"""Whoever speaks to AWS may do what it does, and what a deploy may is what it does."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import botocore.session
import hcl2
from botocore import xform_name

from tests.architecture.source import PROJECT, modules, tree

# What IAM calls it, where that is not the call's own name. None: everybody may.
IAM = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "elbv2:DescribeTargetHealth": "elasticloadbalancing:DescribeTargetHealth",
    "sts:GetCallerIdentity": None,
}
# `prune` is not for whoever deploys: it needs a right to delete that the deployer has not.
PRUNING = {"s3:DeleteObject"}
# A refresh hands over the instances' roles; KMS seals what S3 keeps.
IN_ITS_NAME = {"iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey"}
# Terraform makes the groups of logs; a local AWS has none until an instance makes its own.
MADE_ALREADY = {"logs:CreateLogGroup"}


def test_a_deploy_may_do_what_it_does_and_nothing_else() -> None:
    granted = set(_granted("app/deployer.tf", "deploying"))
    assert granted - IN_ITS_NAME == set(_called("deploy")) - PRUNING


def test_an_instance_may_do_what_it_does() -> None:
    called = set(_called("instance"))
    assert {"autoscaling:CompleteLifecycleAction", "logs:PutLogEvents"} <= called
    assert called - MADE_ALREADY <= set(_granted("modules/fleet/iam.tf", "statements"))


def test_an_operator_may_run_what_the_runbooks_say() -> None:
    pages = "".join(path.read_text() for path in (PROJECT / "docs/runbooks").glob("*.md"))
    words = re.findall(
        r"\baws ([a-z]+) ([a-z-]+)", pages.replace("aws logs tail", "aws logs filter-log-events")
    )
    asked = {f"{service}:{verb.title().replace('-', '')}" for service, verb in words}
    granted = re.findall(r'"([a-z]+:[A-Za-z*]+)"', (PROJECT / "terraform/app/sessions.tf").read_text())
    assert {"logs:FilterLogEvents", "ssm:StartSession"} < asked
    assert {one for one in asked if not any(fnmatch(one, may) for may in granted)} == set()


def _called(room: str) -> Iterator[str]:
    """As IAM calls them: the operations of the services a room has clients of, by the names it uses."""
    words = {word for path in modules(room) for word in _words(tree(path))}
    session = botocore.session.get_session()
    for service in words & set(session.get_available_services()):
        for operation in session.get_service_model(service).operation_names:
            if xform_name(operation) in words:
                name = IAM.get(f"{service}:{operation}", f"{service}:{operation}")
                if name:
                    yield name


def _words(module: ast.Module) -> Iterator[str]:
    """Names of attributes, and texts: paginators are asked for by name."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _granted(path: str, name: str) -> Iterator[str]:
    with (PROJECT / "terraform" / path).open() as file:
        blocks: list[dict[str, Any]] = hcl2.load(file)["locals"]
    statements = next(block[name] for block in blocks if name in block)
    for statement in statements:
        yield from re.findall(r"[a-z0-9]+:[A-Za-z]+", str(statement.get("Action")))
