"""A spot notice, a scale-in and a power-off end a machine's work the same way; no test can follow these."""

import time

import pytest

from tests.ops.fleet import Fleet, get
from tests.ops.machines import Machine

pytestmark = pytest.mark.timeout(1800)


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
    said = [str(line.get("event") or line.get("message")) for line in fleet.lines("outpost")]
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
