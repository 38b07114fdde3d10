"""What an instance does next about its start and its end. Pure: what is seen and known in, actions out."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What the watcher does."""

    SAY_READY = "say ready"
    GIVE_UP = "give up"
    DRAIN = "drain"
    SAY_DRAINED = "say drained"
    TELL_REBALANCE = "tell of the rebalance"


@dataclass(frozen=True)
class Seen:
    """One look around."""

    target_state: str = ""  # of the auto-scaling group; empty outside of one
    spot_action: str = ""
    rebalance: bool = False
    ready: bool = False
    drained: bool = False
    age: float = 0.0  # seconds since the watcher began


@dataclass(frozen=True)
class Done:
    """What the watcher did already, so that it does it once."""

    launched: bool = False  # said ready or given up
    draining: bool = False
    ended: bool = False  # the group heard that we are drained
    rebalance: bool = False


def leaving(seen: Seen) -> str:
    """Why this instance must go, in words; empty while it may stay."""
    if seen.target_state == "Terminated":
        return "the auto-scaling group takes it out"
    return f"AWS wants the spot instance back: {seen.spot_action}" if seen.spot_action else ""


def decide(seen: Seen, done: Done, ready_seconds: float) -> list[Action]:
    """In order.

    A rebalance recommendation is only told: the group starts the replacement first and takes this
    instance out then. Going at once would leave the fleet smaller, not sooner whole.
    """
    found = []
    if leaving(seen):
        if not done.draining and not seen.drained:
            found.append(Action.DRAIN)
        # Also when the drain began for another reason, before the group knew.
        if seen.drained and not done.ended and seen.target_state == "Terminated":
            found.append(Action.SAY_DRAINED)
    elif not done.launched:
        if seen.ready:
            found.append(Action.SAY_READY)
        elif seen.age > ready_seconds:
            found.append(Action.GIVE_UP)
    if seen.rebalance and not done.rebalance:
        found.append(Action.TELL_REBALANCE)
    return found
