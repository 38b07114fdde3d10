"""Policies of buckets as far as moto can judge them: it forgets conditions, and would refuse everybody.

Ours deny what does not come by TLS, which nothing does here. What is said without a condition still holds.
Whoever may write logs is found by what the resource matches, not by its spelling.
"""

import fnmatch
import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def _permission(bucket: FakeBucket, action: str, resource: str) -> Any:
    policy = json.loads(bucket.policy) if bucket.policy else {}
    statements = [one for one in policy.get("Statement", []) if "Condition" not in one]
    if not statements:
        return PermissionResult.NEUTRAL
    return IAMPolicy(policy | {"Statement": statements}).is_action_permitted(action, resource)


def _takes_logs(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    statements = json.loads(target_bucket.policy)["Statement"] if target_bucket.policy else []
    return any(
        one["Effect"] == "Allow"
        and one["Principal"].get("Service") == "logging.s3.amazonaws.com"
        and "s3:PutObject" in one["Action"]
        and fnmatch.fnmatch(f"arn:aws:s3:::{target_bucket.name}/{target_prefix or ''}log", one["Resource"])
        for one in statements
    )


def extend() -> None:
    FakeBucket.get_permission = _permission
    FakeBucket._log_permissions_enabled_policy = staticmethod(_takes_logs)
