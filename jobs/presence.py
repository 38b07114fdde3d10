"""Presence: who fell silent, often; whether every link is still true, now and then."""

from devices import presence


def watch() -> int:
    """Periodic. Returns how many links changed."""
    return presence.watch()


def compare_all() -> int:
    """Periodic. Returns how many links changed."""
    return sum(presence.compare_all())
