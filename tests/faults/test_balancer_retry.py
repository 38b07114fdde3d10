"""A console is killed under POSTs: the balancer asks another one, and nothing is done twice."""

import time

import pytest

from console.demo.processes import Process
from tests.faults.balancer import haproxy
from tests.faults.writing import Note, at_work
from tests.servers import free_port
from tests.stack import Stack, answers, running_stack, wait_for

pytestmark = pytest.mark.timeout(400)
KILLS = 4
VISITORS = 2  # who keep signing in; of one account five may try at once, and a killed one counts as trying


def add_console(stack: Stack) -> int:
    """A second instance of it; returns its port."""
    port, usual = free_port(), stack.processes["console"]
    environment = usual.environment | {"CONSOLE_LISTEN": f"127.0.0.1:{port}"}
    second = Process("second", usual.command, environment, stack.directory / "second.log")
    stack.processes["second"] = second
    second.start()
    wait_for(lambda: answers(f"http://127.0.0.1:{port}/readyz"), 120, stack.last_words)
    return port


def test_a_killed_console_fails_nobody_and_doubles_nothing(measured: Note) -> None:
    with running_stack(6, TRUSTED_PROXIES="2") as stack:
        with haproxy(stack.directory, [stack.port, add_console(stack)]) as url:
            writers = at_work(url, visitors=VISITORS)
            for name in ["console", "second"] * (KILLS // 2):
                time.sleep(3)
                wait_for(lambda: answers(f"{url}/all-in"), 120, stack.last_words)
                stack.kill(name)
                wait_for(lambda: not answers(f"{url}/all-in"), 60, stack.last_words)
                stack.restart(name)
            wait_for(lambda: answers(f"{url}/all-in"), 120, stack.last_words)
            time.sleep(2)
            writers.stop()
        writers.measure(measured)
        assert writers.failed() == []
        writers.assert_each_once(stack.database)
