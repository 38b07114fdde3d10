"""A booted machine of each role, in an environment of their own."""

import os
import time
import urllib.error
import urllib.request
from pathlib import Path

from instance import systemd
from tests.ops.machines import Machine
from tests.ops.staging import PROJECT, RELEASE, Staging

ROLES = ("console", "worker", "utility", "outpost")
READY_SECONDS = 240.0  # as long as an instance gives itself, see instance/settings.py


class Fleet:
    """A machine of each role, all started at once; ``took`` is the seconds until each was ready."""

    def __init__(self, staging: Staging) -> None:
        self.staging = staging
        self.machines = {role: staging.start(role) for role in ROLES}
        self.took: dict[str, float] = {}
        self.machines["console"].wait_for(self._all_ready, READY_SECONDS, "not all are ready")

    def __getitem__(self, role: str) -> Machine:
        return self.machines[role]

    def _all_ready(self) -> bool:
        for role, machine in self.machines.items():
            if f"ready CONTINUE {machine.instance_id}" in self.staging.activities(role):
                self.took.setdefault(role, time.monotonic() - machine.began)
        return len(self.took) == len(self.machines)

    def tell(self, script: str) -> str:
        """What Django says from outside of the machines."""
        return self.staging.manage("shell", "-c", script).strip().splitlines()[-1]

    def units(self, role: str) -> dict[str, str]:
        """Unit to its state."""
        names = systemd.units([role])
        shown = self[role].run("systemctl", "is-active", *names, check=False).split()
        return dict(zip(names, shown, strict=True))

    def lines(self, role: str) -> list[dict[str, object]]:
        """What its log group has of the machine."""
        return self.staging.logged(role, self[role])

    def environ(self, role: str, unit: str) -> dict[str, str]:
        """What the unit's process really has in its environment."""
        pid = self[role].run("systemctl", "show", "--value", "--property=MainPID", unit).strip()
        found = self[role].run("cat", f"/proc/{pid}/environ").rstrip("\0").split("\0")
        return dict(line.split("=", 1) for line in found)


def root() -> Path:
    """AERIE_ROOT is one that is there already; else the provisioning scripts build it."""
    if given := os.environ.get("AERIE_ROOT"):
        return Path(given)
    from tests.ops import roots

    return roots.app_root(PROJECT, RELEASE)


def get(machine: Machine, path: str, port: int = 8000) -> tuple[int, str]:
    """Status and text; 0 when nobody is there."""
    headers = {"Host": "wifi.example.org", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    request = urllib.request.Request(f"http://{machine.address}:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""
