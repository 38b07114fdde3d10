"""Usage: counted every five minutes, rolled up every hour."""

from django.utils import timezone as clock

from devices.usage import recording, rolling


def measure() -> int:
    """Periodic. Returns how many access points told something new."""
    return recording.measure()


def roll_up() -> int:
    """Periodic. Returns how many hourly rows were written."""
    return rolling.roll_up(clock.now())
