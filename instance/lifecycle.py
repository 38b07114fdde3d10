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
SAY_AGAIN = 10.0  # seconds until a group that did not hear us, or does not wait yet, is told once more
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
            self._say_ready(seen)
        elif action is Action.GIVE_UP:
            why = ", ".join(readiness.not_ready(self._identity.assignment))
            log.error("not ready after %.0f s, giving up: %s", seen.age, why)
            self._group.complete(READY_HOOK, "ABANDON")
            self._note(launched=True)
        elif action is Action.DRAIN:
            log.warning("draining: %s", leaving(seen))
            self._settings.wanted_file.touch()
            self._note(draining=True)
        elif action is Action.SAY_DRAINED:
            self._note(ended=self._told(DRAIN_HOOK, "CONTINUE"))
        else:
            log.warning("AWS recommends to rebalance: it may soon want this spot instance back")
            self._note(rebalance=True)

    def _say_ready(self, seen: Seen) -> None:
        """Until the group hears it: one that does not throws this instance away when its time is over."""
        if self._said_at == float("-inf"):
            log.info("ready after %.1f s", self._ticks())  # since the kernel's start
        late = seen.age > self._settings.ready_seconds  # nobody waits any more, or nobody ever did
        self._note(launched=self._told(READY_HOOK, "CONTINUE") or late)

    def _told(self, hook: str, result: str) -> bool:
        """Whether the group was waiting for it; asked every ``SAY_AGAIN`` only.

        The drain says its end itself, but perhaps before the group waited for it, or while AWS was away.
        """
        if self._ticks() - self._said_at < SAY_AGAIN:
            return False
        self._said_at = self._ticks()
        return self._group.complete(hook, result)

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
