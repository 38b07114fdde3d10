"""What supervises processes of jobs hears from them, and that they end when told."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jobs.pulse import Pulse
from jobs.queues import prompt_queue
from jobs.worker import Worker
from outpost.notify import Notifier

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("words", [["rqworker", "reports"], ["read_facts"], ["run_scheduler"]])
def test_it_says_that_it_is_ready_and_alive_and_ends_on_sigterm(
    words: list[str], tmp_path: Path, process_environment: dict[str, str]
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(90)
        given = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "800000"}
        process = subprocess.Popen([sys.executable, "manage.py", *words], env=process_environment | given)
        heard = [systemd.recv(100)]
        while b"READY=1" not in heard or heard[-1] != b"WATCHDOG=1":
            heard.append(systemd.recv(100))
        process.terminate()
        assert process.wait(60) == 0


def test_overdue_is_who_is_not_heard_of_in_time() -> None:
    pulse = Pulse(Notifier())
    assert not pulse.overdue(1e9)  # it has yet to begin
    pulse.expect(-1)
    assert pulse.overdue(1e9)


def test_who_is_done_is_watched_no_longer() -> None:
    """Or a minute later it would kill whoever worked a queue off and went on to something else."""
    queue = prompt_queue("reports")
    Worker([queue], connection=queue.connection).work(burst=True)
    for thread in threading.enumerate():
        if thread.name == "pulse":
            thread.join(60)
    assert "pulse" not in {thread.name for thread in threading.enumerate()}
