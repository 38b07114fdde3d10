from devices.models.access_point import AccessPoint, Link
from devices.models.command import Command
from devices.models.configuration import Configuration
from devices.models.event import Event
from devices.models.network import Network
from devices.models.revision import Revision
from devices.models.ssid import Ssid
from devices.models.task import Task

__all__ = ["AccessPoint", "Command", "Configuration", "Event", "Link", "Network", "Revision", "Ssid", "Task"]
