"""gunicorn with two workers as in production: whichever answers tells what both counted."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import free_port

VISITS = 20


@dataclass
class Console:
    url: str
    directory: Path
    process: "subprocess.Popen[bytes]"

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read().decode()

    def visits(self) -> float:
        labels = 'method="GET",status="200",view="livez"'
        name = f"django_http_responses_total_by_status_view_method_total{{{labels}}}"
        found = re.search(rf"^{re.escape(name)} (.*)$", self.get("/metrics"), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def counting(self) -> set[str]:
        return {path.name for path in self.directory.glob("counter_*.db") if path.stat().st_size}

    def both_count(self) -> bool:
        """One that is just starting has files with nothing in them, of which no page can be made."""
        of_workers = {f"counter_{worker}.db" for worker in self.workers()}
        return len(of_workers) == 2 and of_workers <= self.counting() and bool(self.get("/metrics"))


def until(condition: object, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not _holds(condition):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _holds(condition: object) -> bool:
    try:
        return bool(condition())  # type: ignore[operator]
    except OSError:
        return False


@pytest.fixture
def console(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Console]:
    port = free_port()
    environment = process_environment | {"CONSOLE_LISTEN": f"127.0.0.1:{port}", "CONSOLE_WORKERS": "2"}
    environment |= {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:console.serving", "console.wsgi:application"]
    running = Console(f"http://127.0.0.1:{port}", tmp_path, subprocess.Popen(command, env=environment))
    try:
        until(lambda: running.get("/livez") and running.both_count())
        yield running
    finally:
        running.process.terminate()
        try:
            running.process.wait(40)
        finally:
            running.process.kill()
            running.process.wait()


def test_both_workers_are_counted_also_after_one_ended(console: Console) -> None:
    before = console.visits()
    for _ in range(VISITS):
        console.get("/livez")
    assert console.visits() == before + VISITS
    ended = console.workers()[0]
    os.kill(ended, signal.SIGTERM)
    until(lambda: ended not in console.workers())
    until(lambda: f"counter_{ended}.db" not in console.counting())
    assert console.visits() == before + VISITS
