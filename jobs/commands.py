"""Commands: delivered and taken back as tasks, ended by the timetable; what they brought is tidied up."""

from django.utils import timezone as clock

from devices import commands, recordings, storage
from devices.models import Task


def deliver(task: Task) -> None:
    """Payload: {"command": id}."""
    commands.deliver([task.payload["command"]])


def withdraw(task: Task) -> None:
    """Payload: {"command": id}, one that was cancelled."""
    commands.withdraw([task.payload["command"]])


def remove_files(task: Task) -> None:
    """Payload: {"keys": [...]}, what access points sent that are here no more."""
    for key in task.payload["keys"]:
        storage.remove(key)
        task.hold(clock.now())


def remove_recordings() -> int:
    """Periodic: traffic recorded more than a week ago. Returns how many."""
    return recordings.remove_old(clock.now())


def give_up() -> int:
    """Periodic: what was never fetched or never answered. Returns how many."""
    return commands.give_up(clock.now())
