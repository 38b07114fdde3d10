"""What the units say of ending and hanging fits what the programs in them do."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from instance import systemd

PROJECT = Path(__file__).resolve().parents[2]
UNITS = PROJECT / "ami" / "files" / "etc" / "systemd" / "system"
SERVICES = ("console", "worker@", "facts", "scheduler", "outpost@")


def _said(name: str, setting: str) -> str:
    """The last value of a setting in a unit; empty without one."""
    text = (UNITS / f"{name}.service").read_text()
    return (re.findall(rf"^{setting}=(.*)$", text, re.MULTILINE) or [""])[-1]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_and_its_hangs_are_reported(name: str) -> None:
    assert (_said(name, "Type"), _said(name, "Restart")) == ("notify", "always")
    assert _said(name, "NotifyAccess") in ("main", "all")
    assert 0 < int(_said(name, "WatchdogSec")) <= 120
    assert "watchdog-restarts" in _said(name, "ExecStopPost")


def test_what_ends_well_has_the_time_for_it() -> None:
    outpost = (PROJECT / "terraform" / "outpost" / "published.tf").read_text()
    closing = int(re.findall(r'OUTPOST_DRAIN_SECONDS = "(\d+)"', outpost)[0])
    waiting = int(re.findall(r"GRACE_SECONDS=(\d+)", (UNITS / "outpost@.service").read_text())[0])
    # Read, not imported: gunicorn's settings share the metrics of the process that imports them.
    serving = (PROJECT / "console" / "serving.py").read_text()
    in_flight = int(re.findall(r"^graceful_timeout = (\d+)", serving, re.MULTILINE)[0])
    assert int(_said("console", "TimeoutStopSec")) > in_flight
    assert int(_said("worker@", "TimeoutStopSec")) > settings.WORKER_GRACE_SECONDS
    assert int(_said("outpost@", "TimeoutStopSec")) > waiting + closing


def test_a_drain_has_the_time_of_the_longest() -> None:
    longest = max(int(_said(name, "TimeoutStopSec")) for name in SERVICES)
    waiting = 30  # seconds for the load balancer, see instance/settings.py
    assert int(_said("aerie-drain", "TimeoutStartSec")) > longest + waiting


def test_every_service_a_role_names_is_there() -> None:
    named = {unit for role in systemd.UNITS for unit in systemd.units([role])}
    files = {re.sub(r"@.*\.", "@.", unit) for unit in named}
    assert {name for name in files if not (UNITS / name).exists()} == set()
