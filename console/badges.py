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
from devices.models.report import ReportState
from devices.models.rollout import RolloutState, TargetState
from devices.upgrading.axis import FirmwareState


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
    CommandState.CANCELLED: ("idle", "slash-circle"),
}
FIRMWARE = {
    FirmwareState.CURRENT: ("good", "patch-check"),
    FirmwareState.AVAILABLE: ("wait", "arrow-up-circle"),
    FirmwareState.SCHEDULED: ("wait", "calendar-event"),
    FirmwareState.DOWNLOADING: ("busy", "cloud-arrow-down"),
    FirmwareState.UPGRADING: ("busy", "arrow-repeat"),
    FirmwareState.VERIFYING: ("busy", "search"),
    FirmwareState.FAILED: ("bad", "x-circle-fill"),
    FirmwareState.ON_HOLD: ("wait", "pause-circle"),
    FirmwareState.UNKNOWN: ("idle", "question-circle"),
}
ROLLOUT = {
    RolloutState.SCHEDULED: ("wait", "calendar-event"),
    RolloutState.RUNNING: ("busy", "arrow-repeat"),
    RolloutState.PAUSED: ("wait", "pause-circle"),
    RolloutState.HALTED: ("bad", "exclamation-octagon-fill"),
    RolloutState.FINISHED: ("good", "check-circle-fill"),
    RolloutState.CANCELLED: ("idle", "slash-circle"),
}
TARGET = {
    TargetState.WAITING: ("wait", "hourglass-split"),
    TargetState.BUSY: ("busy", "arrow-repeat"),
    TargetState.SUCCEEDED: ("good", "check-circle-fill"),
    TargetState.FAILED: ("bad", "x-circle-fill"),
    TargetState.CANCELLED: ("idle", "slash-circle"),
}
REPORT = {
    ReportState.WAITING: ("wait", "hourglass-split"),
    ReportState.BUILDING: ("busy", "arrow-repeat"),
    ReportState.READY: ("good", "check-circle-fill"),
    ReportState.FAILED: ("bad", "x-circle-fill"),
}
ON_AIR = Badge(_("On air"), "good", "broadcast")
OFF_AIR = Badge(_("Off"), "idle", "power")


def link_badge(link: str) -> Badge:
    state = Link(link)
    return Badge(state.label, *LINK[state])


def configuration_badge(state: str) -> Badge:
    found = ConfigurationState(state)
    return Badge(found.label, *CONFIGURATION[found])


def firmware_badge(state: str) -> Badge:
    found = FirmwareState(state)
    return Badge(found.label, *FIRMWARE[found])


def rollout_badge(state: str) -> Badge:
    found = RolloutState(state)
    return Badge(found.label, *ROLLOUT[found])


def target_badge(state: str) -> Badge:
    found = TargetState(state)
    return Badge(found.label, *TARGET[found])


def report_badge(state: str) -> Badge:
    found = ReportState(state)
    return Badge(found.label, *REPORT[found])


def command_badge(state: Any) -> Badge:
    found = CommandState(state)
    return Badge(found.label, *COMMAND[found])
