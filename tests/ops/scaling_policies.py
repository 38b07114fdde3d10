"""Scaling by requests, refused by moto as by Amazon while no listener sends anybody to the target group."""

from typing import Any

from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.elbv2.models import elbv2_backends

_put = AutoScalingResponse.put_scaling_policy


class ValidationError(ServiceException):
    code = "ValidationError"


def put_scaling_policy(self: AutoScalingResponse) -> Any:
    tracked = (self._get_param("TargetTrackingConfiguration") or {}).get("PredefinedMetricSpecification", {})
    label = tracked.get("ResourceLabel", "")  # app/<balancer>/<id>/targetgroup/<group>/<id>
    if label and not _is_sent_anybody(self.autoscaling_backend, label[label.index("targetgroup/") :]):
        raise ValidationError("The load balancer does not route traffic to the target group.")
    return _put(self)


def _is_sent_anybody(backend: AutoScalingBackend, group: str) -> bool:
    balancers = elbv2_backends[backend.account_id][backend.region_name].load_balancers.values()
    listeners = [listener for balancer in balancers for listener in balancer.listeners.values()]
    return any(group in str(action.data) for one in listeners for action in one.default_actions)


def extend() -> None:
    AutoScalingResponse.put_scaling_policy = put_scaling_policy
