"""What systemd is told, and that no child speaks for its parent."""

import os
import socket

import pytest

from outpost.notify import ALIVE, READY, Notifier, take_notifier


def test_taken_once_and_gone_from_the_environment():
    environment = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "60000000", "OTHER": "stays"}
    environment["WATCHDOG_PID"] = str(os.getpid())
    assert take_notifier(environment) == Notifier("/run/notify", 60.0)
    assert environment == {"OTHER": "stays"}
    assert take_notifier(environment) == Notifier()


@pytest.mark.parametrize(
    "given", [{"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}]
)
def test_no_watchdog_or_one_for_another_process(given):
    assert take_notifier(dict(given)).watchdog is None


@pytest.mark.parametrize("abstract", [False, True])
def test_words_arrive_in_one_message(tmp_path, abstract):
    name = f"@aerie-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0"))
        Notifier(name).tell(READY, ALIVE)
        assert systemd.recv(100) == b"READY=1\nWATCHDOG=1"


def test_without_systemd_or_with_one_that_is_gone_nothing_happens(tmp_path):
    Notifier().tell(READY)
    Notifier(str(tmp_path / "nobody")).tell(READY)
