"""The last command of an access point, as its page shows it."""

from dataclasses import dataclass

from devices.models import AccessPoint, Command
from devices.models.command import CommandState


@dataclass(frozen=True)
class ShownCommand:
    command: Command

    @property
    def every(self) -> str:
        """How often the page asks again, as htmx writes it; empty once there is a verdict."""
        return "" if self.command.ended else "1s"

    @property
    def tone(self) -> str:
        if self.command.state == CommandState.DONE:
            return "good"
        return "bad" if self.command.ended else "busy"


def shown_command(access_point: AccessPoint) -> ShownCommand | None:
    last = access_point.commands.select_related("asked_by").first()
    return ShownCommand(last) if last else None
