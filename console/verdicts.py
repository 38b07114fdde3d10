"""The last command of an access point, as its page shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.models import AccessPoint, Command
from devices.models.command import CommandState

RECENT = timedelta(minutes=15)


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


def shown_command(access_point: AccessPoint, now: datetime) -> ShownCommand | None:
    """The last command, as long as anybody may wonder what became of it."""
    recent = access_point.commands.filter(created_at__gt=now - RECENT)
    last = recent.select_related("asked_by").first()
    return ShownCommand(last) if last else None
