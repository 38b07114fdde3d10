"""Policies of buckets as far as moto can judge them: it forgets conditions, and would refuse everybody.

Ours deny what does not come by TLS, which nothing does here. What is said without a condition still holds.
"""

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


def extend() -> None:
    FakeBucket.get_permission = _permission
