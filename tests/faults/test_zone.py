"""Two zones with everything in each; one of them is gone in an instant, and nobody is told of an error."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from devices.simulation.thread import FleetThread
from tests.faults.balancer import haproxy
from tests.faults.conftest import ACCESS_POINTS, Scene, fleet
from tests.faults.machine import Machine
from tests.faults.writing import Book, Note, Writers, at_work
from tests.replication import query
from tests.servers import free_port
from tests.stack import Stack, running_stack, wait_for

pytestmark = pytest.mark.timeout(600)
CUT_AT_MOST = 4  # answers, of one console's four threads
BACK_WITHIN = 120.0  # seconds until every access point is connected to the other zone
# TCP alone, as the balancer before outposts is; who does not answer is taken out.
OUTPOSTS = """
defaults
    mode tcp
    timeout connect 1s
    timeout client 600s
    timeout server 600s
    option redispatch 1
listen outposts
    bind 127.0.0.1:{port}
    balance roundrobin
    server here 127.0.0.1:{here} check inter 500ms fall 2 rise 1
    server there 127.0.0.1:{there} check inter 500ms fall 2 rise 1
"""


@contextmanager
def before_outposts(directory: Path, here: int, there: int) -> Iterator[int]:
    """The port access points dial."""
    port, file = free_port(), directory / "outposts.cfg"
    file.write_text(OUTPOSTS.format(port=port, here=here, there=there))
    process = subprocess.Popen(["haproxy", "-f", str(file), "-db"], stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def two_zones() -> Iterator[tuple[Stack, Machine, Scene, str]]:
    """The stack is the zone that will be lost; customers and access points reach both by one address each."""
    with ExitStack() as running:
        stack = running.enter_context(running_stack(ACCESS_POINTS, TRUSTED_PROXIES="2"))
        there = Machine(stack)
        running.enter_context(there.running())
        ports = stack.outpost_port, there.outpost
        stack.outpost_port = running.enter_context(before_outposts(stack.directory, *ports))
        url = running.enter_context(haproxy(stack.directory, [stack.port, there.console]))
        access_points = running.enter_context(FleetThread(fleet(stack)))
        access_points.wait_connected(timeout=120)
        yield stack, there, Scene(stack, Book().somebody(url), access_points), url


def connected(zone: Machine) -> int:
    """Access points that its outpost holds."""
    page = requests.get(f"http://127.0.0.1:{zone.admin}/metrics", timeout=60).text
    return int(float(page.split("\noutpost_sessions ")[1].split("\n")[0]))


def judge(writers: Writers, stack: Stack, measured: Note) -> None:
    """No request is answered with an error, and nothing is there twice.

    An answer whose first bytes were out when its console was killed is cut off: no balancer can take those
    back. What it told of was done, and whoever asks again is told.
    """
    failed = writers.failed()
    cut = [words for words in failed if "IncompleteRead" in words]
    done = sum(len(book.done) for book in (writers.invitations, writers.saves, writers.logins))
    measured(len(failed) - len(cut), "requests failed", of=done + len(failed))
    measured(len(cut), "answers cut off in the middle")
    assert failed == cut
    assert len(cut) <= CUT_AT_MOST
    twice = (
        "SELECT subject FROM accounts_auditentry WHERE subject LIKE '{}' GROUP BY subject HAVING COUNT(*) > 1"
    )
    assert [query(stack.database, twice.format(like)) for like in ("guest-%", "Place % saved %")] == [(), ()]
    if not cut:
        writers.assert_each_once(stack.database)


def test_a_lost_zone_fails_nobody(measured: Note) -> None:
    with two_zones() as (stack, there, scene, url):
        scene.browser.go("/")
        ours = scene.browser.links("/networks/\\d+/$")[0]["href"]
        writers = at_work(url, spared=ours)
        time.sleep(5)
        passphrase = scene.propose()
        assert connected(there) < ACCESS_POINTS
        lost = time.monotonic()
        for name in stack.processes:
            stack.kill(name)
        scene.browser.fill()
        wait_for(lambda: connected(there) == ACCESS_POINTS, BACK_WITHIN)
        measured(time.monotonic() - lost, "s until every access point was back")
        scene.wait_until_on_air(passphrase)
        measured(time.monotonic() - lost, "s until what was saved then was on the air")
        writers.stop()
        judge(writers, stack, measured)
        wait_for(lambda: not query(stack.database, "SELECT 1 FROM devices_task LIMIT 1"), 120)
