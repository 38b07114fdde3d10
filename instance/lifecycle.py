"""The watcher: tells the group when this instance is ready, and starts the drain when it must go.

It runs unprivileged. It asks for the drain by making a file that a path unit of systemd's waits for,
and can be killed at any moment: what it did before is seen again, and doing it twice is harmless.
"""

import dataclasses
import logging
import time
from collections.abc import Callable

from instance import readiness
from instance.ending import Action, Done, Seen, decide, leaving
from instance.identity import Identity, await_identity
from instance.imds import Imds, ImdsAway
from instance.scaling import DRAIN_HOOK, READY_HOOK, Group
from instance.settings import Settings

LOOK_EVERY = 2.0  # seconds; a spot notice leaves 120
SAY_AGAIN = 30.0  # seconds until the group is told once more that we are drained
log = logging.getLogger(__name__)


class Watcher:
    """``look`` once, or ``watch`` for ever."""

    def __init__(
        self, settings: Settings, imds: Imds, identity: Identity, group: Group, ticks: Callable[[], float]
    ) -> None:
        self._settings, self._imds, self._identity, self._group = settings, imds, identity, group
        self._ticks, self._began = ticks, ticks()
        self._said_at = float("-inf")
        # One that holds starts nothing, so there is nothing to wait for.
        self.done = Done(launched=identity.assignment.hold)

    def look(self) -> list[Action]:
        """See, decide, act; what was done. Raises ``ImdsAway``."""
        seen = self._seen()
        actions = decide(seen, self.done, self._settings.ready_seconds)
        for action in actions:
            self._act(action, seen)
        return actions

    def _seen(self) -> Seen:
        return Seen(
            target_state=self._imds.target_lifecycle_state(),
            spot_action=self._imds.spot_action(),
            rebalance=self._imds.rebalance_recommended(),
            ready=not self.done.launched and not readiness.not_ready(self._identity.assignment),
            drained=self._settings.drained_file.exists(),
            age=self._ticks() - self._began,
        )

    def _act(self, action: Action, seen: Seen) -> None:
        if action is Action.SAY_READY:
            log.info("ready after %.1f s", self._ticks())  # since the kernel's start
            self._launched("CONTINUE")
        elif action is Action.GIVE_UP:
            why = ", ".join(readiness.not_ready(self._identity.assignment))
            log.error("not ready after %.0f s, giving up: %s", seen.age, why)
            self._launched("ABANDON")
        elif action is Action.DRAIN:
            log.warning("draining: %s", leaving(seen))
            self._settings.wanted_file.touch()
            self._note(draining=True)
        elif action is Action.SAY_DRAINED:
            self._say_drained()
        else:
            log.warning("AWS recommends to rebalance: it may soon want this spot instance back")
            self._note(rebalance=True)

    def _launched(self, result: str) -> None:
        self._group.complete(READY_HOOK, result)
        self._note(launched=True)

    def _say_drained(self) -> None:
        """The drain said so itself, but perhaps before the group waited for it, or while AWS was away."""
        if self._ticks() - self._said_at < SAY_AGAIN:
            return
        self._said_at = self._ticks()
        self._note(ended=self._group.complete(DRAIN_HOOK))

    def _note(self, **changes: bool) -> None:
        self.done = dataclasses.replace(self.done, **changes)


def run(settings: Settings) -> None:
    """Watch until killed. Raises ``UserDataInvalid``."""
    imds = Imds(settings.imds)
    identity = await_identity(imds)
    watcher = Watcher(settings, imds, identity, Group(identity), time.monotonic)
    while True:
        try:
            watcher.look()
        except (ImdsAway, OSError) as error:
            log.warning("looking again: %s", error)
        time.sleep(LOOK_EVERY)
