from devices.models.access_point import AccessPoint, Link
from devices.models.alert import Alert, AlertRule
from devices.models.command import Command
from devices.models.configuration import Configuration
from devices.models.event import Event
from devices.models.firmware import FirmwareImage
from devices.models.heartbeat import Heartbeat
from devices.models.network import Network
from devices.models.report import Report
from devices.models.revision import Revision
from devices.models.rollout import Rollout, RolloutTarget, Wave
from devices.models.ssid import Ssid
from devices.models.tag import Tag
from devices.models.task import Task
from devices.models.usage import Usage, UsageCounter

__all__ = [
    "AccessPoint",
    "Alert",
    "AlertRule",
    "Command",
    "Configuration",
    "Event",
    "FirmwareImage",
    "Heartbeat",
    "Link",
    "Network",
    "Report",
    "Revision",
    "Rollout",
    "RolloutTarget",
    "Ssid",
    "Tag",
    "Task",
    "Usage",
    "UsageCounter",
    "Wave",
]
