"""Commands as pages show them: what has become of each, honestly, and what it brought."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from devices import recordings
from devices.models import AccessPoint, Command, Event
from devices.models.command import CommandKind, CommandState
from devices.scan import Neighbour, neighbours

RECENT = timedelta(minutes=15)
BACK = timedelta(minutes=10)  # a restart that takes longer is one it does not come back from
LATE = timedelta(minutes=10)  # a recording that has not come by then does not come
_LEAVING = {CommandKind.REBOOT, CommandKind.FACTORY}
_TONES = {CommandState.DONE: "good", CommandState.CANCELLED: "wait"}


@dataclass(frozen=True)
class ShownCommand:
    """``back`` is how long after its answer a restarted access point was here again, once it was."""

    command: Command
    now: datetime
    online: bool = False
    back: timedelta | None = None

    @property
    def every(self) -> str:
        """How often the page asks again, as htmx writes it; empty once there is nothing more to come."""
        if not self.command.ended:
            return "1s"
        return "2s" if self.is_restarting or self.is_uploading else ""

    @property
    def tone(self) -> str:
        if self.is_restarting or self.is_uploading or not self.command.ended:
            return "busy"
        return _TONES.get(CommandState(self.command.state), "bad")

    @property
    def is_leaving(self) -> bool:
        """It answered that it will, which says nothing yet of whether it came back."""
        return self.command.kind in _LEAVING and self.command.state == CommandState.DONE

    @property
    def is_restarting(self) -> bool:
        return self.is_leaving and self.back is None and self._since_end < BACK

    @property
    def back_seconds(self) -> int | None:
        return None if self.back is None else max(1, round(self.back.total_seconds()))

    @property
    def has_recording(self) -> bool:
        return recordings.is_here(self.command)

    @property
    def was_removed(self) -> bool:
        """It was here, for as long as recordings are kept."""
        return bool(self.command.result and not self.command.upload)

    @property
    def is_uploading(self) -> bool:
        waits = self.command.kind == CommandKind.TRACE and self.command.state == CommandState.DONE
        return waits and not self.command.result and self._since_end < LATE

    @property
    def found(self) -> list[Neighbour]:
        return neighbours(self.command.result) if self.command.kind == CommandKind.WIFISCAN else []

    @property
    def about(self) -> str:
        """What was asked for besides its kind: which client, how long, where."""
        params = self.command.params
        if self.command.kind == CommandKind.KICK:
            return str(params.get("mac", ""))
        if self.command.kind != CommandKind.TRACE:
            return ""
        where = params.get("interface") or {"up": _("uplink"), "down": _("clients' side")}.get(
            params.get("network", "")
        )
        return _("%(seconds)s s, %(where)s") % {"seconds": params.get("duration", "?"), "where": where}

    @property
    def is_its_own_word(self) -> bool:
        """Whether the text is the access point's; otherwise it is ours."""
        ours = _("The access point did not answer.")
        return self.command.state == CommandState.FAILED and self.command.text != ours

    @property
    def _since_end(self) -> timedelta:
        return self.now - (self.command.ended_at or self.now)


def shown(access_point: AccessPoint, commands: Sequence[Command], now: datetime) -> list[ShownCommand]:
    """In the order given; one statement at most."""
    back = _back_after(access_point, commands)
    return [ShownCommand(one, now, access_point.online, back.get(one.pk)) for one in commands]


def shown_command(access_point: AccessPoint, now: datetime) -> ShownCommand | None:
    """The last command, as long as anybody may wonder what became of it."""
    recent = access_point.commands.filter(created_at__gt=now - RECENT)
    last = recent.exclude(kind=CommandKind.UPGRADE).select_related("asked_by").first()
    return shown(access_point, [last], now)[0] if last else None


def commands_of(events: Iterable[Event]) -> dict[tuple[int, Any], Command]:
    """The commands that lines of a log are about, by access point and id; one statement at most."""
    told = {(one.access_point_id, _asked(one)) for one in events if one.kind.startswith("command.")}
    ids = {pk for _, pk in told if isinstance(pk, int)}
    if not ids:
        return {}
    of = {access_point for access_point, _ in told}
    found = Command.objects.filter(pk__in=ids, access_point__in=of).select_related("asked_by")
    return {(one.access_point_id, one.pk): one for one in found}


def _asked(event: Event) -> Any:
    return event.data.get("command") if isinstance(event.data, dict) else None


def _back_after(access_point: AccessPoint, commands: Sequence[Command]) -> dict[int, timedelta]:
    left = [(one, one.ended_at) for one in commands if ShownCommand(one, one.created_at).is_leaving]
    ends = [end for _, end in left if end]
    if not ends:
        return {}
    arrivals = access_point.events.filter(
        kind="connected", at__gt=min(ends), at__lte=max(ends) + RECENT
    ).order_by("at")
    moments = list(arrivals.values_list("at", flat=True)[:1000])
    found = {
        one.pk: next((at - end for at in moments if end < at <= end + RECENT), None)
        for one, end in left
        if end
    }
    return {pk: after for pk, after in found.items() if after is not None}
