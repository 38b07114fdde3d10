"""Units are closed and sound on the machines that run them, and what hangs is restarted and reported."""

import json

import pytest

from instance import systemd
from tests.ops.fleet import ROLES, Fleet
from tests.ops.machines import Machine

pytestmark = pytest.mark.timeout(1800)
HANGING = {"console": "console.service", "utility": "worker@reports.service"}
# systemd-analyze security: 0 is closed, 10 open; root's few errands may be wider.
EXPOSURE = {"aerie-boot": 5.0, "aerie-drain": 5.0, "aerie-farewell": 5.0, "aerie-refresh": 5.0}


@pytest.mark.parametrize("role", ROLES)
def test_units_are_sound_and_closed(fleet: Fleet, role: str) -> None:
    units = [unit for unit in systemd.units([role]) if unit.endswith(".service")]
    units += [
        f"aerie-{name}.service"
        for name in ("boot", "refresh", "lifecycle", "logs", "metrics", "drain", "farewell")
    ]
    assert fleet[role].run("systemd-analyze", "verify", "--man=no", *units) == ""
    exposed = {unit: _exposure(fleet[role], unit) for unit in units}
    allowed = {unit: EXPOSURE.get(unit.removesuffix(".service"), 2.5) for unit in units}
    assert {unit: value for unit, value in exposed.items() if value > allowed[unit]} == {}


@pytest.mark.parametrize("role", ["console", "outpost"])
def test_every_promise_of_the_image_is_kept(fleet: Fleet, role: str) -> None:
    told = json.loads(fleet[role].run("/opt/aerie/verify", "--booted", "--json", check=False))
    assert {"booted-well", "environments"} <= {one["name"] for one in told}
    assert {one["name"]: one["problems"] for one in told if not one["kept"]} == {}


def _exposure(machine: Machine, unit: str) -> float:
    told = json.loads(machine.run("systemd-analyze", "security", "--json=short", unit, check=False))
    assert isinstance(told, list)
    words = machine.run("systemd-analyze", "security", "--no-pager", unit, check=False)
    return float(words.rpartition("exposure level for")[2].split(":")[1].split()[0])


def test_what_hangs_is_restarted_and_reported(fleet: Fleet) -> None:
    """A console and a worker that run no thread, by systemd; one of an outpost's processes, by the others."""
    for role, unit in HANGING.items():
        _shorten_watchdog(fleet[role], unit)
    _stop_a_child(fleet["outpost"])
    for role, unit in HANGING.items():
        fleet[role].wait_for(lambda: unit in _active(fleet, role), 120, f"{unit} did not start")  # noqa: B023
        fleet[role].run("systemctl", "kill", "--signal=STOP", "--kill-whom=main", unit)
    for role, unit in HANGING.items():
        killed = lambda: unit in fleet[role].run("cat", "/run/aerie/watchdog-restarts")  # noqa: B023, E731
        fleet[role].wait_for(killed, 120, f"{unit} was not killed")
        fleet[role].wait_for(lambda: unit in _active(fleet, role), 120, "not restarted")  # noqa: B023
        assert "killed by the watchdog" in fleet[role].journal(f"--unit={unit}")
        _restore_watchdog(fleet[role], unit)


def test_hangs_are_counted_once_whoever_ended_them(fleet: Fleet) -> None:
    said = "gives no sign of life and is replaced"
    fleet["outpost"].wait_for(lambda: said in fleet["outpost"].journal("--unit=outpost@15002"), 90, said)
    for _ in range(2):
        for role in ("outpost", *HANGING):
            fleet[role].run(
                "sh", "-c", "rm -f /run/aerie/agent/restarts-told; systemctl restart aerie-metrics"
            )
        for role in ("outpost", *HANGING):
            told = lambda: fleet[role].run("cat", "/run/aerie/agent/restarts-told", check=False)  # noqa: B023, E731
            # A slow machine may miss a shortened watchdog by itself: that is one more.
            fleet[role].wait_for(lambda: told() == str(_hangs(fleet[role])), 120, "told wrongly")  # noqa: B023


def _hangs(machine: Machine) -> int:
    """By the journal: what systemd's watchdog killed, and what an outpost replaced."""
    said = machine.journal()
    return said.count("killed by the watchdog: it answered") + said.count("of life and is replaced")


def _restore_watchdog(machine: Machine, unit: str) -> None:
    machine.run("rm", "-r", f"/run/systemd/system/{unit}.d")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", unit, timeout=120)


def _shorten_watchdog(machine: Machine, unit: str) -> None:
    """Its minutes are too long for a test; the unit is started anew to know it."""
    directory = f"/run/systemd/system/{unit}.d"
    machine.run(
        "sh", "-c", f"mkdir -p {directory}; printf '[Service]\\nWatchdogSec=4\\n' >{directory}/short.conf"
    )
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "--no-block", unit)
    machine.wait_for(lambda: unit in machine.run("systemctl", "list-jobs"), 30, "no restart")


def _stop_a_child(machine: Machine) -> None:
    """The last of the processes the outpost started: one that serves."""
    pid = machine.run("systemctl", "show", "--value", "--property=MainPID", "outpost@15002").strip()
    child = machine.run("cat", f"/proc/{pid}/task/{pid}/children").split()[-1]
    machine.run("sh", "-c", f"kill -STOP {child}")


def _active(fleet: Fleet, role: str) -> list[str]:
    """Units of the role that are up, with no restart on its way."""
    coming = fleet[role].run("systemctl", "list-jobs")
    return [unit for unit, state in fleet.units(role).items() if state == "active" and unit not in coming]
