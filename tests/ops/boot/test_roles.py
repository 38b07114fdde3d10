"""Machines that are told nothing but their user data become what it says, against servers outside of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ops.fleet import ROLES, Fleet, get
from tests.ops.staging import FIRST_SERIAL, NAME, PARAMETERS, PROJECT
from tests.outpost.certificates import Authority

pytestmark = pytest.mark.timeout(1800)


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
