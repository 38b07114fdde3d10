"""The benchmarks on real processes run too, with a handful of access points; and they notice what fails."""

import pytest

from tests.load import check_ins, contestants, main_job, processes
from tests.load.findings import Findings, Spread
from tests.load.remote import Remote, RemoteFailed

pytestmark = pytest.mark.timeout(400)


def lines(findings: Findings) -> dict[str, list[str]]:
    """The tables' lines by the words their first cell begins with, all cells as printed."""
    rows = [list(map(str, row)) for table in findings.tables for row in table.rows]
    return {row[0].split(",")[0]: row[1:] for row in rows}


def test_the_outpost_is_measured_beside_a_bare_server() -> None:
    told = lines(check_ins.measure(0.01))
    assert float(told["all at once"][0].split()[0]) > 0
    assert float(told["push to everybody"][0].split()[0]) > 0
    assert {name for name in told if name.startswith("**")} == {"**busy", "**calm"}


def test_the_main_job_is_measured_beside_writing_to_the_live_store() -> None:
    findings = main_job.measure(0.04)
    told = lines(findings)
    assert float(told[main_job.FLOOR][0].split()[0]) > 1e3 * main_job.QUICK[0]
    responded = findings.tables[0].rows[2][1]
    assert isinstance(responded, Spread)
    assert min(responded.rounds) < 1e3 * findings.goals[0].limit  # the slowest is what else this machine did


def test_every_access_point_gets_what_is_pushed() -> None:
    with contestants.outpost(3) as server, Remote("tests.load.fleet", server.url) as generator:
        generator.ask("dial", count=3)
        server.registered(3)
        server.push(3, 1_800_000_000)
        generator.ask("applied", times=1)
        server.acknowledged(3)
        assert generator.ask("figures")["applied"] == 3


def test_a_generator_that_cannot_connect_says_so() -> None:
    nowhere = "ws://127.0.0.1:1"
    with pytest.raises(RemoteFailed, match="connected 0/1"), Remote("tests.load.fleet", nowhere) as one:
        one.ask("dial", count=1, within=0.2)


def test_a_process_s_own_cpu_and_memory_are_read() -> None:
    with Remote("tests.load.counting_server") as server:
        server.ask("listen")
        assert 0 < processes.cpu(server.pid) < 60
        assert 10 * 2**20 < processes.resident(server.pid) < 2**30
