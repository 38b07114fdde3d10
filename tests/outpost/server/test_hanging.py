"""Processes of an outpost that hang are replaced while the others serve; systemd and balancer are told."""

import os
import signal
import socket
import time

import pytest

from outpost.store.redis_connection import RETRIES, SOCKET_TIMEOUT
from tests.outpost.running import LONG, AccessPoint, eventually

STUCK = 6  # seconds; 20 unless a test says otherwise. Longer than a pause of all that is forgiven
WATCHDOG = 60  # the unit's
LONGEST_CALL = (1 + RETRIES) * SOCKET_TIMEOUT  # seconds until one to the live store has failed
GRACE = 15  # seconds: who looks must come by within them


@pytest.fixture
def outpost(own_outpost):
    own_outpost.environment |= {"OUTPOST_WORKERS": "2", "OUTPOST_STUCK_SECONDS": str(STUCK)}
    return own_outpost.start()


def replaced(outpost, *pids):
    workers = outpost.workers()
    return len(workers) == 2 and not set(pids) & set(workers)


def test_a_frozen_process_is_replaced_and_the_other_goes_on(outpost, measured):
    frozen, other = outpost.workers()
    with AccessPoint(outpost.port, "0000000000aa") as access_point:
        assert access_point.socket.ping().wait(LONG)
        os.kill(frozen, signal.SIGSTOP)
        began = time.monotonic()
        eventually(lambda: outpost.ask("/readyz") == (503, "1 of the processes do not answer\n"))
        eventually(lambda: outpost.ask("/livez")[0] == 200)
        eventually(lambda: replaced(outpost, frozen), 2 * WATCHDOG)
        took = time.monotonic() - began
    measured(took, f"s until it was replaced, with a limit of {STUCK} s")
    eventually(lambda: outpost.ask("/readyz")[0] == 200)
    assert other in outpost.workers()
    assert outpost.count("outpost_replaced_processes_total", reason="stuck") == 1
    assert "gives no sign of life" in outpost.log.read_text()


def test_all_frozen_it_says_so_and_all_are_replaced(outpost):
    frozen = outpost.workers()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    eventually(lambda: outpost.ask("/livez")[0] == 503)
    eventually(lambda: replaced(outpost, *frozen))
    eventually(lambda: outpost.ask("/readyz")[0] == 200)
    AccessPoint(outpost.port, "0000000000aa").connect().close()


def test_a_frozen_admin_server_is_replaced(outpost):
    pid = outpost.process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        os.kill(int(children.read().split()[0]), signal.SIGSTOP)
    eventually(lambda: "gives no sign of life" in outpost.log.read_text())
    eventually(lambda: outpost.ask("/readyz")[0] == 200)


def test_a_supervisor_that_was_frozen_itself_blames_nobody(outpost):
    """As when the whole machine was paused: processes are not to be replaced for what befell all."""
    workers = outpost.workers()
    everybody = [*workers, outpost.process.pid]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STUCK + 1)
    for pid in reversed(everybody):
        os.kill(pid, signal.SIGCONT)
    time.sleep(1.5)  # it looked at least once
    assert outpost.workers() == workers


def test_a_live_store_that_hangs_is_no_reason_to_replace_anybody(outpost, own_live_server, measured):
    workers = outpost.workers()
    with AccessPoint(outpost.port, "0000000000aa") as access_point:
        own_live_server.process.send_signal(signal.SIGSTOP)
        access_point.connect().state()
        time.sleep(LONGEST_CALL)
        own_live_server.process.send_signal(signal.SIGCONT)
        answered = time.monotonic()
        eventually(lambda: outpost.ask("/readyz")[0] == 200)
    measured(time.monotonic() - answered, f"s until ready, after {LONGEST_CALL:g} s without an answer")
    assert outpost.workers() == workers


NO_FORK = """
import errno, os, pathlib
fork = os.fork
def fork_unless_full():
    if pathlib.Path(__file__).with_name("full").exists():
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
    return fork()
os.fork = fork_unless_full
"""


@pytest.fixture
def cramped(own_outpost, tmp_path):
    """While its file ``full`` is there, the machine has no room for another process."""
    (tmp_path / "sitecustomize.py").write_text(NO_FORK)
    own_outpost.environment |= {"OUTPOST_WORKERS": "2", "PYTHONPATH": str(tmp_path)}
    return own_outpost.start()


def refused(outpost):
    return outpost.log.read_text().count("a process cannot be started")


def test_without_room_for_a_process_the_others_serve_until_there_is(cramped, tmp_path):
    killed, other = cramped.workers()
    (tmp_path / "full").touch()
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: refused(cramped) > 2)
    assert cramped.workers() == [other]
    AccessPoint(cramped.port, "0000000000aa").connect().close()
    (tmp_path / "full").unlink()
    eventually(lambda: cramped.ask("/readyz")[0] == 200 and len(cramped.workers()) == 2)


def test_without_room_for_a_process_it_ends_when_it_is_told(cramped, tmp_path):
    (tmp_path / "full").touch()
    os.kill(cramped.workers()[0], signal.SIGKILL)
    eventually(lambda: refused(cramped))
    assert cramped.terminate() == 0


# --- what systemd and the balancer are told ----------------------------------------------------------


@pytest.fixture
def systemd(tmp_path, own_outpost):
    """What it hears; nobody is restarted."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(LONG)
        own_outpost.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        yield listening


def hear_until(systemd, words):
    heard = []
    while words not in heard:
        heard += systemd.recv(4096).decode().splitlines()
    return heard


def test_systemd_hears_ready_alive_reloading_and_stopping(own_outpost, systemd):
    own_outpost.start()
    hear_until(systemd, "READY=1")
    hear_until(systemd, "WATCHDOG=1")
    own_outpost.process.send_signal(signal.SIGHUP)
    heard = hear_until(systemd, "READY=1")
    assert "RELOADING=1" in heard
    assert any(words.startswith("MONOTONIC_USEC=") for words in heard)
    own_outpost.process.send_signal(signal.SIGTERM)
    hear_until(systemd, "STOPPING=1")


def test_with_a_drain_file_it_is_not_ready_but_takes_connections(own_outpost, tmp_path):
    own_outpost.environment["OUTPOST_DRAIN_FILE"] = str(tmp_path / "drain")
    own_outpost.start()
    (tmp_path / "drain").touch()
    assert own_outpost.ask("/readyz") == (503, "draining\n")
    with AccessPoint(own_outpost.port, "0000000000aa") as access_point:
        access_point.connect()
    (tmp_path / "drain").unlink()
    eventually(lambda: own_outpost.ask("/readyz")[0] == 200)


def test_told_to_end_it_takes_connections_for_a_grace_and_closes_gradually(own_outpost, measured):
    own_outpost.environment |= {"OUTPOST_DRAIN_GRACE_SECONDS": str(GRACE), "OUTPOST_DRAIN_SECONDS": "2"}
    own_outpost.start()
    held = [AccessPoint(own_outpost.port, f"{number:012x}").connect() for number in range(300)]
    own_outpost.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    eventually(lambda: own_outpost.ask("/readyz") == (503, "draining\n"))
    held.append(AccessPoint(own_outpost.port, "f00000000000").connect())
    assert {one.ended() for one in held} == {"draining"}
    assert {one.socket.close_code for one in held} == {1001}
    assert own_outpost.process.wait(LONG) == 0
    measured(time.monotonic() - began, f"s until 301 were closed and it ended, of which {GRACE} s grace")
