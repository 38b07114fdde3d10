"""Machines that are told nothing but their user data become what it says, against servers outside of them."""

import base64
import contextlib
import json
import random
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from instance import scrape, systemd
from instance.environment import render
from tests.ops.fleet import ROLES, Fleet, get, root
from tests.ops.machines import Machine
from tests.ops.staging import FIRST_SERIAL, NAME, PARAMETERS, PROJECT, environment
from tests.outpost.certificates import Authority

pytestmark = pytest.mark.timeout(1800)
SECRETS = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "BACKUP_KEYS", "METRICS_TOKEN")
HANGING = {"console": "console.service", "utility": "worker@reports.service"}
# systemd-analyze security: 0 is closed, 10 open; root's few errands may be wider.
EXPOSURE = {"aerie-boot": 5.0, "aerie-drain": 5.0, "aerie-farewell": 5.0, "aerie-refresh": 5.0}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with environment(root()) as staging:
        yield Fleet(staging)


def test_each_role_becomes_healthy_by_itself(fleet: Fleet) -> None:
    print("\nseconds from power on to ready, four at once:", {r: round(s, 1) for r, s in fleet.took.items()})
    assert all(set(fleet.units(role).values()) == {"active"} for role in ROLES)
    assert json.loads(get(fleet["console"], "/readyz")[1])["ready"]
    assert get(fleet["outpost"], "/readyz", 15003)[0] == 200
    assert "Aerie" in get(fleet["console"], "/account/login/")[1]


def test_a_job_is_done_by_the_workers_instance(fleet: Fleet) -> None:
    left = "from devices.models import Task; print(Task.objects.count())"
    fleet["worker"].wait_for(lambda: fleet.tell(left) == "0", 120, "seeded tasks are not done")
    fleet.tell(
        "from devices.models import Network, Task; from django.db import transaction\n"
        "about = {'network': Network.objects.first().pk}\n"
        "with transaction.atomic(): Task.promise('publish', 'boot', about)\n"
        "print('promised')"
    )
    fleet["worker"].wait_for(lambda: fleet.tell(left) == "0", 90, "the job is not done")
    assert '"task": "boot"' in fleet["worker"].journal("--unit=worker@critical")


def test_access_points_are_configured_over_mutual_tls(fleet: Fleet, tmp_path: Path) -> None:
    summary = _simulate(fleet, fleet.staging.authority, tmp_path, 12)
    assert (summary["connects"], summary["applied"], summary["failed_connects"]) == (3, 3, 0), summary
    known = (
        "from devices.models import AccessPoint\n"
        "print(AccessPoint.objects.filter(first_seen__isnull=False).exclude(firmware='').count())"
    )
    fleet["worker"].wait_for(lambda: fleet.tell(known) == "3", 90, "MySQL does not know who connected")


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


def test_systemd_reads_back_whatever_a_secret_may_hold(fleet: Fleet) -> None:
    chance, machine = random.Random(4), fleet["utility"]
    odd = [
        *string.printable,
        "\x1b",
        "\x7f",
        "ä",
        "\u2028",
        "\ue000",
        "\U0001f600",
        "\\n",
        "$(",
        "${A}",
        "%n",
    ]
    wanted = {f"ODD_{n}": "".join(chance.choices(odd, k=chance.randrange(40))) for n in range(400)}
    (machine.directory / "tree" / "var" / "odd").write_bytes(render(wanted).encode())
    script = "systemd-run --quiet --wait --pipe --property=EnvironmentFile=/var/odd env -0 | base64"
    read = base64.b64decode(machine.run("sh", "-c", script)).decode().rstrip("\0").split("\0")
    found = dict(line.split("=", 1) for line in read)
    assert {name: found.get(name) for name in wanted} == wanted


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
    machine.wait_for(lambda: 59 in arrived(), 90, "logs do not arrive")
    assert sorted(set(arrived())) == list(range(60))
    # Killed between AWS's answer and the mark, a batch comes twice: never more.
    assert len(arrived()) <= 180


def _kill_shipper(machine: Machine) -> None:
    """It may just be on its way up from the last time."""
    machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "aerie-logs.service", check=False)


def test_a_long_line_arrives_in_one_piece(fleet: Fleet) -> None:
    text = "x" * 200_000
    script = f'print(\'{{"event":"long","text":"\' + {len(text)} * \'x\' + \'"}}\')'
    fleet["utility"].run("systemd-cat", "/opt/aerie/venv/bin/python", "-c", script)
    long = lambda: [line["text"] for line in _lines(fleet, "utility") if line.get("event") == "long"]  # noqa: E731
    fleet["utility"].wait_for(lambda: long() == [text], 90, "it does not arrive whole")


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


def test_no_secret_is_on_any_disk(fleet: Fleet) -> None:
    """What a machine was told is in memory of its own; the layer above the root has what it wrote."""
    told = {v.encode() for secret in fleet.staging.secrets.values() for v in secret.values() if len(v) > 20}
    for role in ROLES:
        layer = fleet[role].directory / "memory" / "upper"
        written = [path for path in layer.rglob("*") if path.is_file() and not path.is_symlink()]
        assert layer / "etc" / "machine-id" in written
        assert [path for path in written if any(value in path.read_bytes() for value in told)] == []


def test_figures_arrive(fleet: Fleet) -> None:
    for role in ("console", "outpost"):
        fleet[role].run("systemctl", "restart", "aerie-metrics.service")
    wanted = {"QueueAgeSeconds", "TasksDead", "SchedulerTickAgeSeconds", "OutpostConnections"}
    wanted |= {"CertificateDaysLeft", "WatchdogRestarts"}
    fleet["console"].wait_for(lambda: wanted <= _figures(fleet).keys(), 90, "figures are missing")
    found = _figures(fleet)
    assert {d["Name"] for d in found["QueueAgeSeconds"]} == {"Environment", "Queue"}
    assert found["OutpostConnections"] == [{"Name": "Environment", "Value": NAME}]


def _figures(fleet: Fleet) -> dict[str, list[dict[str, str]]]:
    listed = fleet.staging.aws.client("cloudwatch").list_metrics(Namespace="Aerie")["Metrics"]
    return {one["MetricName"]: one["Dimensions"] for one in listed}


@pytest.mark.parametrize(
    "end", [("kill", "--signal=KILL", "--kill-whom=main"), ("restart",)], ids=["killed", "restarted"]
)
def test_a_console_that_starts_anew_counts_anew(fleet: Fleet, end: tuple[str, ...]) -> None:
    """Its processes share their figures in files: those of the ones before are gone, and only theirs."""
    machine, before = fleet["console"], 0.0
    while (counted := _requests(fleet)) < 30:
        assert counted > before
        before = counted
    machine.run("systemctl", *end, "console.service")
    machine.wait_for(lambda: 0 < _requests(fleet) < counted, 90, "it does not count anew")
    files = machine.run("ls", "/run/console").split()
    counting = {int(name.removesuffix(".db").rpartition("_")[2]) for name in files if name != "lock"}
    assert counting <= {int(pid) for pid in machine.run("pgrep", "--euid", "aerie-console").split()}
    assert machine.run("ls", "-A", "/dev/shm") == ""


def _requests(fleet: Fleet) -> float:
    """What the console counted since its start; 0 while it does not answer."""
    with contextlib.suppress(scrape.NoAnswer):
        page = scrape.page(
            f"http://{fleet['console'].address}:8000/metrics", fleet.staging.secrets["app"]["METRICS_TOKEN"]
        )
        name = "django_http_requests_before_middlewares_total"
        return next(sample.value for sample in page if sample.name == name)
    return 0.0


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
    machine.wait_for(lambda: "Renewed" in _served(machine), 120, "the old certificate is still served")
    after = machine.run("systemctl", "show", "--value", "--property=MainPID", "outpost@15002").strip()
    assert after == before


def _served(machine: Machine) -> str:
    """The subject of the certificate the outpost shows."""
    address = f"{machine.address}:15002"
    command = ["openssl", "s_client", "-connect", address, "-servername", "localhost"]
    shown = subprocess.run(command, input="", capture_output=True, text=True, timeout=10).stdout
    return next((line for line in shown.splitlines() if line.startswith("subject=")), "")


def test_what_is_missing_is_waited_for_or_named_and_never_quoted(fleet: Fleet) -> None:
    staging, machine = fleet.staging, fleet.staging.net.machine()
    keeper, name = staging.aws.client("secretsmanager"), "aerie/late/app"
    said = lambda words: lambda: words in machine.journal("--unit=aerie-boot")  # noqa: E731
    machine.start(staging.root, staging.user_data("utility").replace(f'"{NAME}"', '"late"'))
    machine.wait_for(said(f"waiting: the secret {name}: ResourceNotFound"), 90, "it does not wait")
    told = PARAMETERS | staging.secrets["app"]
    some = {key: value for key, value in told.items() if key != "DATABASE_URL"}
    keeper.create_secret(Name=name, SecretString=json.dumps(some))
    machine.wait_for(
        said("boot cannot: the worker needs DATABASE_URL"), 60, "it does not say what is missing"
    )
    keeper.put_secret_value(SecretId=name, SecretString=json.dumps(told))
    machine.run("systemctl", "restart", "aerie-boot.service")
    up = lambda: "active" in machine.run("systemctl", "is-active", "worker@reports", check=False).split()  # noqa: E731
    machine.wait_for(up, 120, "it did not start")
    assert [key for key, value in staging.secrets["app"].items() if value in machine.journal("--all")] == []
    machine.kill()


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


def test_a_spot_notice_drains_a_worker(fleet: Fleet) -> None:
    machine = fleet["worker"]
    machine.imds.spot_notice()
    machine.wait_for(lambda: _drained(machine), 120, "not drained")
    assert set(fleet.units("worker").values()) == {"inactive"}
    holder = "import django_rq; print(django_rq.get_connection('default').get('rq:scheduler_lock'))"
    machine.wait_for(lambda: fleet["console"].name in fleet.tell(holder), 120, "its scheduler kept the lock")
    # Only now the group hears of it, and takes the instance out.
    _scale_in(fleet, "worker")
    told = f"drain CONTINUE {machine.instance_id}"
    machine.wait_for(lambda: told in fleet.staging.activities("worker"), 120, "the group was not told")


def test_a_scale_in_drains_a_console_in_order(fleet: Fleet) -> None:
    machine, seen = fleet["console"], set()
    _scale_in(fleet, "console")
    told = f"drain CONTINUE {machine.instance_id}"

    def ended() -> bool:
        seen.add((get(machine, "/readyz")[0], get(machine, "/livez")[0]))
        return told in fleet.staging.activities("console")

    machine.wait_for(ended, 120, "the group was not told")
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
