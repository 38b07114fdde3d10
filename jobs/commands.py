"""Commands: delivered as a task, ended by the timetable."""

from django.utils import timezone as clock

from devices import commands
from devices.models import Task


def deliver(task: Task) -> None:
    """Payload: {"command": id}."""
    commands.deliver([task.payload["command"]])


def give_up() -> int:
    """Periodic: what was never fetched or never answered. Returns how many."""
    return commands.give_up(clock.now())
