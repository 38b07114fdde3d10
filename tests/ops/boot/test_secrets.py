"""Each unit knows what it may, as it was written, and nobody else on the machine does."""

import base64
import json
import random
import string
import subprocess

import pytest

from instance.environment import render
from tests.ops.fleet import Fleet
from tests.ops.machines import Machine
from tests.ops.staging import NAME

pytestmark = pytest.mark.timeout(1800)
SECRETS = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "BACKUP_KEYS", "METRICS_TOKEN")


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
