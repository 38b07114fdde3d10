"""One page for all of gunicorn's workers: real processes count, one of them tells, one ends."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from console import shared_metrics
from console.shared_metrics import forget
from outpost.shared_metrics import VARIABLE

COUNT = """
import os, sys
from pathlib import Path
from console import shared_metrics
from outpost.shared_metrics import share_metrics
directory = share_metrics()
def work(number):
    from prometheus_client import Counter, Gauge, Histogram
    Counter("visits", "Visits", ["view"]).labels("home").inc(number)
    Histogram("weight", "Weight", buckets=(5, 50)).observe(number)
    Gauge("open_now", "Open", multiprocess_mode="livesum").set(number)
for number in (3, 40):
    child = os.fork()
    if not child:
        work(number)
        os._exit(0)
    os.waitpid(child, 0)
    if "forget" in sys.argv:
        shared_metrics.forget(directory, child)
from outpost.shared_metrics import page
(directory / "counter_0.db").touch()  # of one that only just began
with shared_metrics.reading():
    sys.stdout.buffer.write(page())
(directory / "counter_0.db").unlink()
"""


def page(directory: Path, *arguments: str) -> list[str]:
    environment = os.environ | {VARIABLE: str(directory)}
    command = [sys.executable, "-c", COUNT, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )


def test_workers_are_summed(tmp_path: Path) -> None:
    told = page(tmp_path)
    assert {'visits_total{view="home"} 43.0', "weight_sum 43.0", "open_now 43.0"} <= set(told)
    assert {'weight_bucket{le="5.0"} 1.0', 'weight_bucket{le="+Inf"} 2.0'} <= set(told)


def test_what_those_that_ended_counted_stays_in_one_file(tmp_path: Path) -> None:
    told = page(tmp_path, "forget")
    assert {'visits_total{view="home"} 43.0', "weight_sum 43.0", 'weight_bucket{le="+Inf"} 2.0'} <= set(told)
    assert [line for line in told if line.startswith("open_now ")] == []
    assert {path.name for path in tmp_path.glob("*.db")} == {"counter_ended.db", "histogram_ended.db"}


def test_what_an_earlier_run_left_is_not_counted_again(tmp_path: Path) -> None:
    page(tmp_path)
    assert 'visits_total{view="home"} 43.0' in page(tmp_path)


def test_a_worker_that_froze_over_a_page_does_not_stop_the_arbiter(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(shared_metrics, "PATIENCE", 0.05)
    (tmp_path / "gauge_livesum_7.db").touch()
    with (tmp_path / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        forget(tmp_path, 7)
    assert list(tmp_path.glob("*.db")) == []


def test_one_that_ended_before_it_counted_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "counter_77.db").touch()
    forget(tmp_path, 77)
    assert list(tmp_path.glob("*.db")) == []
