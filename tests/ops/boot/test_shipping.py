"""Logs and figures arrive at AWS, whole and in order, and nothing secret with them."""

import contextlib

import pytest

from instance import scrape
from tests.ops.fleet import ROLES, Fleet
from tests.ops.machines import Machine
from tests.ops.staging import NAME

pytestmark = pytest.mark.timeout(1800)


def test_logs_arrive_in_order_also_when_the_shipper_is_killed(fleet: Fleet) -> None:
    machine = fleet["utility"]
    for number in range(60):
        machine.run("systemd-cat", "--identifier=probe", "echo", f'{{"event":"probe","number":{number}}}')
        if number in (20, 40):
            _kill_shipper(machine)
    arrived = lambda: [line["number"] for line in fleet.lines("utility") if line.get("event") == "probe"]  # noqa: E731
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
    long = lambda: [line["text"] for line in fleet.lines("utility") if line.get("event") == "long"]  # noqa: E731
    fleet["utility"].wait_for(lambda: long() == [text], 90, "it does not arrive whole")


def test_lines_name_their_unit_and_instance(fleet: Fleet) -> None:
    ours = [line for line in fleet.lines("worker") if line.get("logger") == "jobs.dispatch"]
    assert ours
    assert {line["instance"] for line in ours} == {fleet["worker"].instance_id}
    assert {str(line["unit"]).partition("@")[0] for line in ours} == {"worker"}
    assert any("Started" in str(line.get("message")) for line in fleet.lines("worker"))


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
