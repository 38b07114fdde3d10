"""moto, extended with instance refreshes as EC2 Auto Scaling's API reference tells of them.

Each ``DescribeInstanceRefreshes`` moves every active refresh of the group one step on: one
instance is replaced, or one of an alarm's rollback is. So a test decides how far a refresh
is by how often it looks, and nothing waits. What is simulated: one active refresh for each group, the
group naming the new version from its success on and no earlier, skipping instances that match,
alarms that are on at the start or go off later, automatic rollback and its refusal of versions without a
number, cancelling, and rolling back by hand. A version whose image is tagged ``Boots=no``
never has a healthy instance: the refresh fails, as when health checks time out.
"""

import itertools
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling import models
from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data

ACTIVE = ("Pending", "InProgress", "RollbackInProgress", "Cancelling")
_numbers = itertools.count(1)


class InstanceRefreshInProgress(ServiceException):
    code = "InstanceRefreshInProgress"


class ActiveInstanceRefreshNotFound(ServiceException):
    code = "ActiveInstanceRefreshNotFound"


class IrreversibleInstanceRefresh(ServiceException):
    code = "IrreversibleInstanceRefresh"


@dataclass
class Refresh:
    """One of a group's, by launch template versions."""

    group: FakeAutoScalingGroup
    before: str
    wanted: str
    preferences: dict[str, Any]
    desired: dict[str, Any]
    status: str = "Pending"
    reason: str = ""
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def target(self) -> str:
        return self.before if self.status == "RollbackInProgress" else self.wanted

    def left(self) -> list[InstanceState]:
        return [state for state in self.group.instance_states if version_of(state) != self.target]

    def step(self) -> None:
        if self.status == "Cancelling":
            self.status = "Cancelled"
        elif self.status == "Pending":
            self.status = "InProgress"
        elif self.status == "InProgress" and (words := self._wrong()):
            self._fail(words)
        elif self.status in ACTIVE:
            self._replace_one()

    def _wrong(self) -> str:
        backend = cloudwatch_backends[self.group.account_id][self.group.region]
        named = self.preferences.get("AlarmSpecification", {}).get("Alarms", [])
        ringing = [name for name in named if backend.alarms[name].state_value == "ALARM"]
        if ringing:
            return f"Alarm {ringing[0]} is in ALARM state"
        return "The new instances never became healthy" if self._never_boots() else ""

    def _never_boots(self) -> bool:
        image = self.group.ec2_launch_template.get_version(self.wanted).image_id
        tags = self.group.ec2_backend.describe_tags(filters={"resource-id": [image], "key": ["Boots"]})
        return any(tag["value"] == "no" for tag in tags)

    def _fail(self, reason: str) -> None:
        self.reason = reason
        self.status = "RollbackInProgress" if self.preferences.get("AutoRollback") else "Failed"

    def _replace_one(self) -> None:
        if left := self.left():
            _replace(self.group, left[0], self.target)
        if not self.left():
            self._end()

    def _end(self) -> None:
        _point(self.group, self.target)
        self.status = "RollbackSuccessful" if self.status == "RollbackInProgress" else "Successful"

    def told(self) -> dict[str, Any]:
        total, left = len(self.group.instance_states), len(self.left())
        return {
            "InstanceRefreshId": f"refresh-{self.number}",
            "AutoScalingGroupName": self.group.name,
            "Status": self.status,
            "StatusReason": self.reason,
            "PercentageComplete": 100 * (total - left) // total if total else 100,
            "InstancesToUpdate": left,
            "Preferences": self.preferences,
            "DesiredConfiguration": self.desired,
        }


def version_of(state: InstanceState) -> str:
    """The launch template version this instance was started with."""
    return str(getattr(state, "started_with", state.auto_scaling_group.launch_template_version))


def _replace(group: FakeAutoScalingGroup, old: InstanceState, version: str) -> None:
    """A new one first, then the old one is ended."""
    before = group.launch_template_version
    _pin(group)
    group.launch_template_version = version
    group.replace_autoscaling_group_instances(1, group.get_propagated_tags())
    group.instance_states[-1].started_with = version
    group.launch_template_version = before
    group.instance_states.remove(old)
    group.ec2_backend.terminate_instances([old.instance.id])


def _pin(group: FakeAutoScalingGroup) -> None:
    for state in group.instance_states:
        state.started_with = version_of(state)


def _point(group: FakeAutoScalingGroup, version: str) -> None:
    group.launch_template_version = group.provided_launch_template_version = version
    if group.mixed_instances_policy:
        group.mixed_instances_policy["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"] = version


def _refreshes(group: FakeAutoScalingGroup) -> list[Refresh]:
    return group.__dict__.setdefault("refreshes", [])


def _active(group: FakeAutoScalingGroup) -> Refresh | None:
    return next((one for one in _refreshes(group) if one.status in ACTIVE), None)


def _group(response: AutoScalingResponse) -> FakeAutoScalingGroup:
    return response.autoscaling_backend.autoscaling_groups[response._get_param("AutoScalingGroupName")]


def _specification(desired: dict[str, Any]) -> dict[str, Any]:
    mixed = desired.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    return desired.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification") or {}


def start_instance_refresh(self: AutoScalingResponse) -> ActionResult:
    group = _group(self)
    if _active(group):
        raise InstanceRefreshInProgress("An Instance Refresh is already in progress")
    desired, preferences = self._get_param("DesiredConfiguration", {}), self._get_param("Preferences", {})
    before, wanted = group.launch_template_version, str(_specification(desired)["Version"])
    if preferences.get("AutoRollback") and not (before.isdigit() and wanted.isdigit()):
        raise IrreversibleInstanceRefresh("A rollback needs numbered launch template versions")
    _pin(group)
    refresh = Refresh(group, before, wanted, preferences, desired)
    _refreshes(group).insert(0, refresh)
    return ActionResult({"InstanceRefreshId": f"refresh-{refresh.number}"})


def describe_instance_refreshes(self: AutoScalingResponse) -> ActionResult:
    group, wanted = _group(self), self._get_param("InstanceRefreshIds", [])
    if active := _active(group):
        active.step()
    told = [one.told() for one in _refreshes(group)]
    found = [one for one in told if not wanted or one["InstanceRefreshId"] in wanted]
    return ActionResult({"InstanceRefreshes": found})


def cancel_instance_refresh(self: AutoScalingResponse) -> ActionResult:
    return _change(self, "Cancelling")


def rollback_instance_refresh(self: AutoScalingResponse) -> ActionResult:
    return _change(self, "RollbackInProgress")


def _change(response: AutoScalingResponse, status: str) -> ActionResult:
    active = _active(_group(response))
    if active is None:
        raise ActiveInstanceRefreshNotFound("No active instance refresh")
    active.status = status
    return ActionResult({"InstanceRefreshId": f"refresh-{active.number}"})


def _launch_template(state: InstanceState) -> dict[str, Any] | None:
    template = state.auto_scaling_group.ec2_launch_template
    if template is None:
        return None
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": version_of(state),
    }


_updated = FakeAutoScalingGroup.update


def update(self: FakeAutoScalingGroup, **changes: Any) -> None:
    """moto's, and what it loses: an update that names no mixed instances leaves the group's as they are."""
    kept = self.mixed_instances_policy
    _updated(self, **changes)
    if not changes.get("mixed_instances_policy") and not changes.get("launch_template"):
        self.mixed_instances_policy = kept


_made = LaunchTemplates.create_launch_template_version


def create_launch_template_version(self: LaunchTemplates) -> ActionResult:
    """moto's, and what it leaves out: the source version's data, and user data of the kind it reads later."""
    name, number = self._get_param("LaunchTemplateName"), self._get_param("LaunchTemplateId")
    template = (
        self.ec2_backend.get_launch_template_by_name(name)
        if name
        else self.ec2_backend.get_launch_template(number)
    )
    source = self._get_param("SourceVersion")
    before = dict(template.get_version(source).data) if source else {}
    result = _made(self)
    version = template.versions[-1]
    data = before | {key: value for key, value in version.data.items() if value is not None}
    if isinstance(data.get("UserData"), str):
        data["UserData"] = parse_user_data(data["UserData"])
    version.data = data
    return result


def extend() -> None:
    """Add the actions to moto in this process; an instance tells the version it was started with."""
    LaunchTemplates.create_launch_template_version = create_launch_template_version
    FakeAutoScalingGroup.update = update
    for action in (
        start_instance_refresh,
        describe_instance_refreshes,
        cancel_instance_refresh,
        rollback_instance_refresh,
    ):
        setattr(AutoScalingResponse, action.__name__, action)
    models.InstanceState.launch_template = property(_launch_template)
