"""Rollouts: looked at as tasks, under a lease, their commands delivered in bulk."""

from django.utils import timezone

from devices.models import Task
from devices.upgrading import advancing, delivering


def advance(task: Task) -> None:
    """Payload: {"rollout": id}."""
    for _decision in advancing.advance(task.payload["rollout"]):
        task.hold(timezone.now())


def deliver(task: Task) -> None:
    """Payload: {"commands": [ids]}."""
    delivering.deliver(task.payload["commands"])
