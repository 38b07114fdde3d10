"""The roles of an environment moved to an image one after the other, and back to where they came from."""

from collections.abc import Callable

from deploy import groups, state
from deploy.environments import Environment
from deploy.progress import Shown
from deploy.refresh import Refresh
from deploy.state import Image, InProgress

Version = Callable[[Environment, dict, Image], str]  # type: ignore[type-arg]


class Rolling:
    """``pause`` waits so many seconds between looks, and raises to stop; none only ask, before a write."""

    def __init__(self, environment: Environment, pause: Callable[[float], None], shown: Shown) -> None:
        self.environment, self.pause, self.shown = environment, pause, shown

    def forward(self, moving: InProgress, alarms: list[str], version: Version, *, back: bool = False) -> None:
        """Every role to ``moving``'s image; ``back`` takes them in the opposite order.

        Where each came from is written down before its first instance is replaced. Raises what
        ``Refresh.run`` raises.
        """
        found = groups.found(self.environment)
        for role in reversed(found) if back else found:
            self.pause(0)
            self._note(moving, role, found[role], version)
            self._refresh(role, moving.roles[role]["to"], alarms, "")
        self.pause(0)
        state.keep(self.environment, moving)

    def undo(self, moving: InProgress) -> None:
        """Every role that was begun goes back to where it came from; no alarm may stop that."""
        for role in reversed(groups.ORDER):
            if role in moving.roles:
                self.pause(0)
                self._refresh(role, moving.roles[role]["from"], [], "back: ")
        self.pause(0)
        state.withdraw(self.environment, moving)

    def _note(self, moving: InProgress, role: str, group: dict, version: Version) -> None:  # type: ignore[type-arg]
        known = moving.roles.setdefault(role, {"from": groups.specification(group)["Version"]})
        known["to"] = version(self.environment, group, moving.image)
        state.keep(self.environment, moving)

    def _refresh(self, role: str, version: str, alarms: list[str], prefix: str) -> None:
        self.shown.begin(f"{prefix}{role}")
        Refresh(self.environment, role, version, self.pause, self.shown).run(alarms)
        self.shown.end(f"runs launch template version {version}")
