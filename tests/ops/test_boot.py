"""Machines that are told nothing but their user data become what it says, against servers outside of them."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from instance import systemd
from tests.ops.machines import Machine
from tests.ops.staging import FIRST_SERIAL, NAME, PROJECT, RELEASE, Staging, environment
from tests.outpost.certificates import Authority

pytestmark = pytest.mark.timeout(600)
ROLES = ("console", "worker", "utility", "outpost")
READY_SECONDS = 90.0
SECRETS = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "BACKUP_KEYS", "METRICS_TOKEN")
# systemd-analyze security: 0 is closed, 10 open; root's few errands may be wider.
EXPOSURE = {"aerie-boot": 5.0, "aerie-drain": 5.0, "aerie-farewell": 5.0, "aerie-refresh": 5.0}


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

    def environ(self, role: str, unit: str) -> dict[str, str]:
        """What the unit's process really has in its environment."""
        pid = self[role].run("systemctl", "show", "--value", "--property=MainPID", unit).strip()
        found = self[role].run("cat", f"/proc/{pid}/environ").rstrip("\0").split("\0")
        return dict(line.split("=", 1) for line in found)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with environment(_root()) as staging:
        yield Fleet(staging)


def _root() -> Path:
    """AERIE_ROOT is one that is there already; else the provisioning scripts build it."""
    if given := os.environ.get("AERIE_ROOT"):
        return Path(given)
    from tests.ops import roots

    return roots.app_root(PROJECT, RELEASE)


def _get(machine: Machine, path: str, port: int = 8000) -> tuple[int, str]:
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


def test_each_role_becomes_healthy_by_itself(fleet: Fleet) -> None:
    print("\nseconds from power on to ready, four at once:", {r: round(s, 1) for r, s in fleet.took.items()})
    assert all(set(fleet.units(role).values()) == {"active"} for role in ROLES)
    assert json.loads(_get(fleet["console"], "/readyz")[1])["ready"]
    assert _get(fleet["outpost"], "/readyz", 15003)[0] == 200
    assert "Aerie" in _get(fleet["console"], "/account/login/")[1]


def test_a_job_is_done_by_the_workers_instance(fleet: Fleet) -> None:
    left = "from devices.models import Task; print(Task.objects.count())"
    fleet["worker"].wait_for(lambda: fleet.tell(left) == "0", 60, "seeded tasks are not done")
    fleet.tell(
        "from devices.models import Network, Task; from django.db import transaction\n"
        "about = {'network': Network.objects.first().pk}\n"
        "with transaction.atomic(): Task.promise('publish', 'boot', about)\n"
        "print('promised')"
    )
    fleet["worker"].wait_for(lambda: fleet.tell(left) == "0", 30, "the job is not done")
    assert '"task": "boot"' in fleet["worker"].journal("--unit=worker@critical")


def test_access_points_are_configured_over_mutual_tls(fleet: Fleet, tmp_path: Path) -> None:
    summary = _simulate(fleet, fleet.staging.authority, tmp_path, 12)
    assert (summary["connects"], summary["applied"], summary["failed_connects"]) == (3, 3, 0), summary
    known = (
        "from devices.models import AccessPoint\n"
        "print(AccessPoint.objects.filter(first_seen__isnull=False).exclude(firmware='').count())"
    )
    fleet["worker"].wait_for(lambda: fleet.tell(known) == "3", 30, "MySQL does not know who connected")


def test_a_stranger_certificate_is_refused(fleet: Fleet, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger", "Somebody else's CA")
    summary = _simulate(fleet, stranger, tmp_path, 3)
    assert (summary["devices"], summary["connects"], summary["frames_received"]) == (3, 0, 0)


def _simulate(fleet: Fleet, issuer: Authority, directory: Path, seconds: int) -> dict[str, Any]:
    """Three access points with certificates of their own; the simulator's last word."""
    for number in range(3):
        serial = f"{int(FIRST_SERIAL, 16) + number:012x}"
        pair = issuer.issue([serial])
        (directory / f"{serial}.pem").write_text("".join(part.read_text() for part in pair))
    options = ["--url", f"wss://{fleet['outpost'].address}:15002/", "--server-name", "localhost"]
    options += ["--ca", str(fleet.staging.authority.file), "--cert-dir", str(directory)]
    options += ["--count", "3", "--first-serial", FIRST_SERIAL, "--duration", str(seconds), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "devices.simulation", *options], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.stdout.strip(), done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("role", "unit", "not_known"),
    [
        ("console", "console.service", {"OUTPOST_STORE", "OUTPOST_TLS_KEY"}),
        ("worker", "worker@default.service", {"METRICS_TOKEN", "OUTPOST_STORE"}),
        ("worker", "scheduler.service", {"METRICS_TOKEN", "BACKUP_KEYS", "CLOUDFRONT_KEY"}),
        ("utility", "worker@reports.service", {"METRICS_TOKEN", "OUTPOST_STORE"}),
        ("outpost", "outpost@15002.service", {*SECRETS, "REDIS_URL", "EMAIL_URL", "CLOUDFRONT_KEY"}),
        (
            "console",
            "aerie-metrics.service",
            {*SECRETS, "REDIS_URL", "OUTPOST_STORE_KEYS"} - {"METRICS_TOKEN"},
        ),
    ],
)
def test_a_unit_holds_only_what_it_may_know(fleet: Fleet, role: str, unit: str, not_known: set[str]) -> None:
    known = fleet.environ(role, unit)
    assert known.keys() & not_known == set()
    told = fleet.staging.secrets["outpost" if role == "outpost" else "app"]
    values = {told[name] for name in not_known & told.keys()}
    assert values & set(known.values()) == set()


def test_odd_values_and_those_of_several_lines_arrive_whole(fleet: Fleet) -> None:
    known, told = fleet.environ("console", "console.service"), fleet.staging.secrets["app"]
    assert {name: known[name] for name in told} == told
    assert known["LOG_LEVEL"] == "INFO"
    assert fleet.environ("utility", "worker@reports.service")["LOG_LEVEL"] == "DEBUG"


def test_nobody_else_on_the_machine_reads_the_files(fleet: Fleet) -> None:
    listed = fleet["outpost"].run("stat", "--format=%a %U", "/run/aerie/environment/outpost").split()
    assert listed == ["600", "root"]
    for name in ("cert.pem", "key.pem", "client-ca.pem"):
        listed = fleet["outpost"].run("stat", "--format=%a %U", f"/run/aerie/outpost/{name}").split()
        assert listed == ["400", "aerie-outpost"]


def test_logs_arrive_in_order_also_when_the_shipper_is_killed(fleet: Fleet) -> None:
    machine = fleet["utility"]
    for number in range(60):
        machine.run("systemd-cat", "--identifier=probe", "echo", f'{{"event":"probe","number":{number}}}')
        if number in (20, 40):
            _kill_shipper(machine)
    arrived = lambda: [line["number"] for line in _lines(fleet, "utility") if line.get("event") == "probe"]  # noqa: E731
    machine.wait_for(lambda: 59 in arrived(), 30, "logs do not arrive")
    assert sorted(set(arrived())) == list(range(60))
    # Killed between AWS's answer and the mark, a batch comes twice: never more.
    assert len(arrived()) <= 180


def _kill_shipper(machine: Machine) -> None:
    """It may just be on its way up from the last time."""
    machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "aerie-logs.service", check=False)


def test_lines_name_their_unit_and_instance(fleet: Fleet) -> None:
    ours = [line for line in _lines(fleet, "worker") if line.get("logger") == "jobs.dispatch"]
    assert ours
    assert {line["instance"] for line in ours} == {fleet["worker"].instance_id}
    assert {str(line["unit"]).partition("@")[0] for line in ours} == {"worker"}
    assert any("Started" in str(line.get("message")) for line in _lines(fleet, "worker"))


def _lines(fleet: Fleet, role: str) -> list[dict[str, Any]]:
    return fleet.staging.logged(role, fleet[role])


def test_no_secret_is_in_any_log(fleet: Fleet) -> None:
    told = {
        value for secret in fleet.staging.secrets.values() for value in secret.values() if len(value) > 20
    }
    for role in ROLES:
        journal = fleet[role].journal("--all") + fleet[role].console.read_text(errors="replace")
        assert [value[:4] for value in told if value in journal] == []


def test_figures_arrive(fleet: Fleet) -> None:
    for role in ("console", "outpost"):
        fleet[role].run("systemctl", "restart", "aerie-metrics.service")
    wanted = {"QueueAgeSeconds", "TasksDead", "SchedulerTickAgeSeconds", "OutpostConnections"}
    wanted |= {"CertificateDaysLeft", "WatchdogRestarts"}
    fleet["console"].wait_for(lambda: wanted <= _figures(fleet).keys(), 30, "figures are missing")
    found = _figures(fleet)
    assert {d["Name"] for d in found["QueueAgeSeconds"]} == {"Environment", "Queue"}
    assert found["OutpostConnections"] == [{"Name": "Environment", "Value": NAME}]


def _figures(fleet: Fleet) -> dict[str, list[dict[str, str]]]:
    listed = fleet.staging.aws.client("cloudwatch").list_metrics(Namespace="Aerie")["Metrics"]
    return {one["MetricName"]: one["Dimensions"] for one in listed}


@pytest.mark.parametrize("role", ROLES)
def test_units_are_sound_and_closed(fleet: Fleet, role: str) -> None:
    units = [unit for unit in systemd.units([role]) if unit.endswith(".service")]
    units += [
        f"aerie-{name}.service" for name in ("boot", "lifecycle", "logs", "metrics", "drain", "farewell")
    ]
    assert fleet[role].run("systemd-analyze", "verify", "--man=no", *units) == ""
    exposed = {unit: _exposure(fleet[role], unit) for unit in units}
    allowed = {unit: EXPOSURE.get(unit.removesuffix(".service"), 2.5) for unit in units}
    assert {unit: value for unit, value in exposed.items() if value > allowed[unit]} == {}


def _exposure(machine: Machine, unit: str) -> float:
    told = json.loads(machine.run("systemd-analyze", "security", "--json=short", unit, check=False))
    assert isinstance(told, list)
    words = machine.run("systemd-analyze", "security", "--no-pager", unit, check=False)
    return float(words.rpartition("exposure level for")[2].split(":")[1].split()[0])


def test_a_renewed_certificate_is_taken_without_a_restart(fleet: Fleet) -> None:
    machine, staging = fleet["outpost"], fleet.staging
    before = machine.run("systemctl", "show", "--value", "--property=MainPID", "outpost@15002").strip()
    certificate, key = staging.authority.issue(["localhost"], organisation="Renewed", stem="renewed")
    secret = staging.secrets["outpost"] | {
        "OUTPOST_TLS_CERT_PEM": certificate.read_text(),
        "OUTPOST_TLS_KEY_PEM": key.read_text(),
    }
    keeper = staging.aws.client("secretsmanager")
    keeper.put_secret_value(SecretId=f"aerie/{NAME}/outpost", SecretString=json.dumps(secret))
    machine.run("systemctl", "start", "aerie-refresh.service")
    machine.wait_for(lambda: "Renewed" in _served(machine), 15, "the old certificate is still served")
    after = machine.run("systemctl", "show", "--value", "--property=MainPID", "outpost@15002").strip()
    assert after == before


def _served(machine: Machine) -> str:
    """The subject of the certificate the outpost shows."""
    address = f"{machine.address}:15002"
    command = ["openssl", "s_client", "-connect", address, "-servername", "localhost"]
    shown = subprocess.run(command, input="", capture_output=True, text=True, timeout=10).stdout
    return next((line for line in shown.splitlines() if line.startswith("subject=")), "")


def test_a_console_that_hangs_is_restarted_and_reported(fleet: Fleet) -> None:
    machine = fleet["console"]
    shorter = "mkdir -p /run/systemd/system/console.service.d; printf '[Service]\\nWatchdogSec=4\\n'"
    machine.run("sh", "-c", f"{shorter} > /run/systemd/system/console.service.d/short.conf")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "console.service")
    machine.run("systemctl", "kill", "--signal=STOP", "console.service")
    machine.wait_for(
        lambda: "console" in machine.run("cat", "/run/aerie/watchdog-restarts"), 30, "not killed"
    )
    machine.wait_for(lambda: _get(machine, "/readyz")[0] == 200, 60, "not restarted")
    assert "killed by the watchdog" in machine.journal("--unit=console.service")


def test_a_spot_notice_drains_a_worker(fleet: Fleet) -> None:
    machine = fleet["worker"]
    machine.imds.spot_notice()
    machine.wait_for(lambda: _drained(machine), 60, "not drained")
    assert set(fleet.units("worker").values()) == {"inactive"}
    holder = "import django_rq; print(django_rq.get_connection('default').get('rq:scheduler_lock'))"
    machine.wait_for(lambda: fleet["console"].name in fleet.tell(holder), 15, "its scheduler kept the lock")
    # Only now the group hears of it, and takes the instance out.
    _scale_in(fleet, "worker")
    told = f"drain CONTINUE {machine.instance_id}"
    machine.wait_for(lambda: told in fleet.staging.activities("worker"), 60, "the group was not told")


def test_a_scale_in_drains_a_console_in_order(fleet: Fleet) -> None:
    machine, seen = fleet["console"], set()
    _scale_in(fleet, "console")
    told = f"drain CONTINUE {machine.instance_id}"

    def ended() -> bool:
        seen.add((_get(machine, "/readyz")[0], _get(machine, "/livez")[0]))
        return told in fleet.staging.activities("console")

    machine.wait_for(ended, 60, "the group was not told")
    assert (503, 200) in seen, seen  # readiness was red while everything was still answered
    assert set(fleet.units("console").values()) == {"inactive"}
    words = machine.journal("--unit=aerie-drain.service")
    assert words.index("draining console") < words.index("nobody is sent here") < words.index("drained")


def test_draining_again_changes_nothing(fleet: Fleet) -> None:
    before = fleet.staging.activities("console")
    fleet["console"].run("systemctl", "restart", "aerie-drain.service")
    assert "drained already" in fleet["console"].journal("--unit=aerie-drain.service")
    assert fleet.staging.activities("console") == before


def test_a_power_off_goes_the_same_way(fleet: Fleet) -> None:
    machine, began = fleet["outpost"], time.monotonic()
    took = machine.power_off()
    assert time.monotonic() - began >= 2  # DRAIN_SECONDS: nobody was cut off before the balancer could know
    print(f"\nan outpost's power-off took {took:.1f} s")
    assert took < 60
    # The journal went with the machine; what it said is in CloudWatch.
    said = [str(line.get("event") or line.get("message")) for line in _lines(fleet, "outpost")]
    assert any("nobody is sent here" in line for line in said)


def _scale_in(fleet: Fleet, role: str) -> None:
    machine = fleet[role]
    scaling = fleet.staging.aws.client("autoscaling")
    scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=machine.instance_id, ShouldDecrementDesiredCapacity=True
    )
    machine.imds.scale_in()


def _drained(machine: Machine) -> bool:
    return "drained" in machine.run("ls", "/run/aerie").split()
