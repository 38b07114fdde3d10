"""Alerts: the look at who is offline too long."""

from django.utils import timezone as clock

from devices import alerting


def watch() -> int:
    """Periodic. Returns how many alerts opened or closed."""
    return alerting.look(clock.now())
