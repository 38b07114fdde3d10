"""The auto-scaling group of this instance and the load balancers in front of it, as its end concerns them."""

import logging
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from instance.identity import Identity

READY_HOOK, DRAIN_HOOK = "ready", "drain"
# A target group in which an instance is thus sends nobody there any more.
_RELEASED = {"unused", "unhealthy"}
log = logging.getLogger(__name__)


class Group:
    """Asks AWS and takes no for an answer: an instance outside of any group ends all the same."""

    def __init__(self, identity: Identity) -> None:
        self._id = identity.instance_id
        self._identity = identity
        self._name = ""

    # Made when they are needed, where errors are expected: credentials may come later than we do.
    @cached_property
    def _scaling(self) -> Any:
        return self._identity.client("autoscaling")

    @cached_property
    def _balancing(self) -> Any:
        return self._identity.client("elbv2")

    def complete(self, hook: str, result: str = "CONTINUE") -> bool:
        """Let the group go on with (CONTINUE) or give up (ABANDON) this instance; whether it was waiting."""
        return self._said("complete_lifecycle_action", hook, LifecycleActionResult=result)

    def heartbeat(self) -> bool:
        """We are still draining; whether the group was waiting."""
        return self._said("record_lifecycle_action_heartbeat", DRAIN_HOOK)

    def released(self) -> bool:
        """Whether every load balancer says that it sends nobody here; not when there is none to ask.

        One we do not know of may still send somebody.
        """
        try:
            groups = self._target_groups()
            return bool(groups) and not any(self._used(arn) for arn in groups)
        except (BotoCoreError, ClientError) as error:
            log.warning("the load balancer is not asked: %s", _why(error))
            return False

    def _said(self, verb: str, hook: str, **more: str) -> bool:
        try:
            name = self._group()
            if not name:
                return False
            call = getattr(self._scaling, verb)
            call(AutoScalingGroupName=name, LifecycleHookName=hook, InstanceId=self._id, **more)
        except (BotoCoreError, ClientError) as error:
            log.info("%s of the hook %s: %s", verb, hook, _why(error))
            return False
        log.info("%s of the hook %s of %s %s", verb, hook, name, more.get("LifecycleActionResult", ""))
        return True

    def _group(self) -> str:
        if not self._name:
            found = self._scaling.describe_auto_scaling_instances(InstanceIds=[self._id])
            self._name = next((one["AutoScalingGroupName"] for one in found["AutoScalingInstances"]), "")
        return self._name

    def _target_groups(self) -> list[str]:
        name = self._group()
        if not name:
            return []
        groups = self._scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return [arn for group in groups["AutoScalingGroups"] for arn in group.get("TargetGroupARNs", [])]

    def _used(self, arn: str) -> bool:
        """Draining still has requests in flight; whoever is not listed is gone already."""
        found: Any = self._balancing.describe_target_health(TargetGroupArn=arn)
        here = [one for one in found["TargetHealthDescriptions"] if one["Target"]["Id"] == self._id]
        return any(one["TargetHealth"]["State"] not in _RELEASED for one in here)


def _why(error: Exception) -> str:
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{told.get('Code', 'refused')} {told.get('Message', '')}".strip()
    return type(error).__name__
