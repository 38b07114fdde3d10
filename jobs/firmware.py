"""Firmware images: checked when they arrived, cleared away when nobody wants them."""

from django.utils import timezone as clock

from devices.firmware import inspecting, uploading
from devices.models import Task
from devices.models.task import MAX_ATTEMPTS


def check(task: Task) -> None:
    """Payload: {"image": id}. Reads the whole file, holding the task's lease meanwhile.

    The last attempt does not try once more: nobody shall wait for ever.
    """
    if task.attempts >= MAX_ATTEMPTS:
        inspecting.give_up(task.payload["image"])
    inspecting.check(task.payload["image"], lambda: task.hold(clock.now()))


def clear(_task: Task) -> None:
    """Daily: uploads that nobody finished, refused files of a month ago."""
    uploading.clear(clock.now())
