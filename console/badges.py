"""The three state axes as badges: each state has a word, a shape and a colour together.

``tone`` names the colour (``tone-good`` … in the style sheet), ``icon`` the shape.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.models.access_point import Link
from devices.models.command import CommandState
from devices.models.configuration import ConfigurationState


@dataclass(frozen=True)
class Badge:
    label: "str | Promise"
    tone: str
    icon: str


LINK = {
    Link.WAITING: ("idle", "hourglass-split"),
    Link.ONLINE: ("good", "check-circle-fill"),
    Link.LATE: ("wait", "clock-fill"),
    Link.OFFLINE: ("bad", "x-circle-fill"),
    Link.DISABLED: ("idle", "slash-circle"),
}
CONFIGURATION = {
    ConfigurationState.UP_TO_DATE: ("good", "check-lg"),
    ConfigurationState.WAITING: ("wait", "pause-circle"),
    ConfigurationState.APPLYING: ("busy", "arrow-repeat"),
    ConfigurationState.REJECTED: ("bad", "exclamation-octagon-fill"),
}
COMMAND = {
    CommandState.QUEUED: ("wait", "hourglass-split"),
    CommandState.SENT: ("busy", "arrow-repeat"),
    CommandState.DONE: ("good", "check-circle-fill"),
    CommandState.FAILED: ("bad", "x-circle-fill"),
    CommandState.EXPIRED: ("bad", "clock-fill"),
}
CURRENT_FIRMWARE = Badge(_("Current"), "good", "patch-check")
NO_FIRMWARE = Badge(_("Not known yet"), "idle", "question-circle")
ON_AIR = Badge(_("On air"), "good", "broadcast")
OFF_AIR = Badge(_("Off"), "idle", "power")


def link_badge(link: str) -> Badge:
    state = Link(link)
    return Badge(state.label, *LINK[state])


def configuration_badge(state: str) -> Badge:
    found = ConfigurationState(state)
    return Badge(found.label, *CONFIGURATION[found])


def firmware_badge(version: str) -> Badge:
    """Until rollouts say more, an access point that told us a version runs the current one."""
    return CURRENT_FIRMWARE if version else NO_FIRMWARE


def command_badge(state: Any) -> Badge:
    found = CommandState(state)
    return Badge(found.label, *COMMAND[found])
