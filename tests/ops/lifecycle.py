"""moto, extended with lifecycle hooks that hold, as EC2 Auto Scaling's API reference tells of them.

An instance of a group with a launching hook waits until it is completed; one that the group is told to
terminate waits for the terminating hooks and is gone after them. What was completed, and each heartbeat, is
read with DescribeScalingActivities, latest first. Nothing times out: a test says when.
"""

import itertools
from datetime import UTC, datetime
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

LAUNCHING, TERMINATING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"
_numbers = itertools.count(1)
_terminate = AutoScalingResponse.terminate_instance_in_auto_scaling_group


class ValidationError(ServiceException):
    code = "ValidationError"


def complete_lifecycle_action(self: AutoScalingResponse) -> ActionResult:
    state = _held(self)
    hook, result = self._get_param("LifecycleHookName"), self._get_param("LifecycleActionResult")
    leaving = state.lifecycle_state == "Terminating:Wait"
    _note(self, f"{hook} {result} {state.instance.id}")
    _held_by(self, state).remove(hook)
    if leaving or result == "ABANDON":
        return _gone(self, state)
    return EmptyResult()


def record_lifecycle_action_heartbeat(self: AutoScalingResponse) -> ActionResult:
    state = _held(self)
    _note(self, f"{self._get_param('LifecycleHookName')} heartbeat {state.instance.id}")
    return EmptyResult()


def terminate_instance_in_auto_scaling_group(self: AutoScalingResponse) -> ActionResult:
    state = _find(self, self._get_param("InstanceId"))
    if not _hooks(self, state, TERMINATING):
        return _terminate(self)
    state.lifecycle_state = "Terminating:Wait"
    activity = {"ActivityId": "1", "AutoScalingGroupName": state.auto_scaling_group.name, "Cause": "asked to"}
    now = datetime.now(UTC)
    return ActionResult({"Activity": activity | {"StartTime": now, "StatusCode": "WaitingForInstanceId"}})


def describe_scaling_activities(self: AutoScalingResponse) -> ActionResult:
    name = self._get_param("AutoScalingGroupName")
    told = [one for one in _activities(self) if name in (None, one["AutoScalingGroupName"])]
    return ActionResult({"Activities": told})


def _held(response: AutoScalingResponse) -> InstanceState:
    """The instance that waits for this hook. Raises AWS's error when none does."""
    state = _find(response, response._get_param("InstanceId"))
    hook = response._get_param("LifecycleHookName")
    if hook not in _held_by(response, state):
        raise ValidationError(f"No active Lifecycle Action found with instance ID {state.instance.id}")
    return state


def _held_by(response: AutoScalingResponse, state: InstanceState) -> list[str]:
    """Names of the hooks it waits for, of its present transition."""
    leaving = state.lifecycle_state == "Terminating:Wait"
    known = state.__dict__.setdefault("held_by", {})
    transition = TERMINATING if leaving else LAUNCHING
    return known.setdefault(transition, _hooks(response, state, transition))  # type: ignore[no-any-return]


def _hooks(response: AutoScalingResponse, state: InstanceState, transition: str) -> list[str]:
    hooks = response.autoscaling_backend.lifecycle_hooks.values()
    mine = [hook for hook in hooks if hook.auto_scaling_group_name == state.auto_scaling_group.name]
    return [hook.name for hook in mine if hook.lifecycle_transition == transition]


def _find(response: AutoScalingResponse, instance_id: str) -> InstanceState:
    groups: list[FakeAutoScalingGroup] = list(response.autoscaling_backend.autoscaling_groups.values())
    for group in groups:
        for state in group.instance_states:
            if state.instance.id == instance_id:
                return state
    raise ValidationError(f"No active Lifecycle Action found with instance ID {instance_id}")


def _gone(response: AutoScalingResponse, state: InstanceState) -> ActionResult:
    state.lifecycle_state = "InService"
    response.autoscaling_backend.terminate_instance(state.instance.id, should_decrement=True)
    return EmptyResult()


def _note(response: AutoScalingResponse, words: str) -> None:
    group = _find(response, response._get_param("InstanceId")).auto_scaling_group.name
    about = {"ActivityId": str(next(_numbers)), "AutoScalingGroupName": group, "StatusCode": "Successful"}
    now = datetime.now(UTC)
    about |= {"Description": words, "Cause": words, "StartTime": now, "EndTime": now}
    _activities(response).insert(0, about)


def _activities(response: AutoScalingResponse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = response.autoscaling_backend.__dict__.setdefault("hook_activities", [])
    return found


def extend() -> None:
    """Add the actions to moto in this process."""
    for action in (
        complete_lifecycle_action,
        record_lifecycle_action_heartbeat,
        terminate_instance_in_auto_scaling_group,
        describe_scaling_activities,
    ):
        setattr(AutoScalingResponse, action.__name__, action)
