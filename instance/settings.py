"""What the agent's units are told by their environment; everything else comes from the metadata service."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from instance.imds import DEFAULT_ADDRESS


class SettingsInvalid(ValueError):
    """A variable is wrong; the message says which and how."""


@dataclass(frozen=True)
class Settings:
    """Read once, at the start of a verb."""

    imds: str = DEFAULT_ADDRESS
    metrics_token: str = field(default="", repr=False)
    drain_seconds: float = 30.0  # the longest wait for a load balancer to send nobody here any more
    ready_seconds: float = 240.0  # to become ready after the start, or be given up
    run: Path = Path("/run/aerie")
    release_file: Path = Path("/opt/aerie/release.json")

    @property
    def drain_file(self) -> Path:
        """While it is there, the console and the outpost say that they are not ready."""
        return self.run / "drain"

    @property
    def drained_file(self) -> Path:
        """There once everything of ours has ended."""
        return self.run / "drained"

    @property
    def told_file(self) -> Path:
        """There while the outposts have been told of the certificates that are written."""
        return self.run / "certificates-told"

    @property
    def wanted_file(self) -> Path:
        """The unprivileged watcher asks for a drain by making it; a path unit of systemd's looks for it."""
        return self.run / "agent" / "drain-wanted"


def read() -> Settings:
    """Raises ``SettingsInvalid``."""
    return Settings(
        imds=os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or Settings.imds,
        metrics_token=os.environ.get("METRICS_TOKEN", ""),
        drain_seconds=_seconds("DRAIN_SECONDS", Settings.drain_seconds),
        ready_seconds=_seconds("READY_SECONDS", Settings.ready_seconds),
    )


def _seconds(name: str, default: float) -> float:
    return seconds(name, os.environ.get(name, ""), default)


def seconds(name: str, text: str, default: float) -> float:
    """What a variable of this name says; the default when it says nothing. Raises ``SettingsInvalid``."""
    text = text.strip()
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if not 0 <= number <= 7200:
        raise SettingsInvalid(f"{name} is not a number of seconds from 0 to 7200")
    return number
