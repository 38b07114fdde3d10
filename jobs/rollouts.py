"""Rollouts: looked at as tasks, under a lease, their commands delivered in bulk."""

from functools import partial

from django.utils import timezone

from devices import clock
from devices.models import Task
from devices.transactions import run_transaction
from devices.upgrading import advancing, delivering
from devices.upgrading.advancing import due
from devices.upgrading.planning import promise_look


def watch() -> int:
    """Periodic: have those looked at that may have something to do. Returns how many.

    One whose look waits already, fails or is dead is left to its own pace.
    """
    found = {f"rollout:{pk}": pk for pk in due(clock.now())}
    waiting = Task.objects.filter(key__in=found).values_list("key", flat=True) if found else ()
    for key in found.keys() - set(waiting):
        run_transaction(partial(promise_look, found[key]))
    return len(found)


def advance(task: Task) -> None:
    """Payload: {"rollout": id}."""
    for _decision in advancing.advance(task.payload["rollout"]):
        task.hold(timezone.now())


def deliver(task: Task) -> None:
    """Payload: {"commands": [ids]}."""
    delivering.deliver(task.payload["commands"])
