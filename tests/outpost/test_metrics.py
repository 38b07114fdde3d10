"""One page of metrics, whichever process is asked and however many there are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from outpost import metrics
from outpost.shared_metrics import VARIABLE, share_metrics

COUNT_IN_TWO_PROCESSES = """
import os, sys
from outpost.shared_metrics import share_metrics
share_metrics()
from outpost import metrics
children = []
for sessions in (3, 4):
    child = os.fork()
    if not child:
        metrics.SESSIONS.set(sessions)
        metrics.PUSHES.inc(sessions)
        metrics.BATCH_SIZE.observe(sessions)
        os._exit(0)
    os.waitpid(child, 0)
    children.append(child)
metrics.forget_process(children[0])
open(os.environ["PROMETHEUS_MULTIPROC_DIR"] + "/counter_0.db", "w").close()  # one that only just began
sys.stdout.buffer.write(metrics.render()[0])
"""


def sample(page: str, name: str) -> float:
    """The value of one line of the page."""
    return next(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(f"{name} "))


def page() -> str:
    return metrics.render()[0].decode()


def test_processes_are_summed_and_the_dead_hold_no_sessions(tmp_path: Path) -> None:
    environment = os.environ | {VARIABLE: str(tmp_path)}
    command = [sys.executable, "-c", COUNT_IN_TWO_PROCESSES]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert sample(told, "outpost_pushes_total") == 7
    assert sample(told, "outpost_sessions") == 4
    assert sample(told, "outpost_batch_size_sum") == 7


def test_a_single_process_needs_no_directory() -> None:
    before = sample(page(), "outpost_pushes_total")
    metrics.PUSHES.inc()
    metrics.forget_process(1)
    assert sample(page(), "outpost_pushes_total") == before + 1


def test_sharing_too_late_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(RuntimeError, match="before prometheus_client"):
        share_metrics()


def test_what_an_earlier_run_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counter_1.db").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "new"))
    assert share_metrics().is_dir()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert list(share_metrics().glob("*.db")) == []


def test_errors_of_the_store_are_timed_and_counted() -> None:
    with pytest.raises(OSError, match="gone"), metrics.timed_store("seen"):
        raise OSError("gone")
    with metrics.timed_store("seen"):
        pass
    assert 'outpost_store_errors_total{call="seen"} 1.0' in page()
    assert 'outpost_store_seconds_count{call="seen"} 2.0' in page()
