"""The rollouts' clock: the real one, or a rehearsal's."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from django.utils import timezone

from devices import clock

REAL = datetime(2026, 5, 1, 12, tzinfo=UTC)
SHOWN = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


def rehearse(path: Path, settings: Any) -> None:
    path.write_text(json.dumps({"at": REAL.timestamp(), "shows": SHOWN.timestamp(), "rate": 60}))
    settings.REHEARSAL_CLOCK = str(path)


def test_it_is_the_real_time() -> None:
    with time_machine.travel(REAL, tick=False):
        assert clock.now() == timezone.now()
    assert clock.real_span(timedelta(minutes=1)) == timedelta(minutes=1)


def test_a_rehearsal_runs_faster(tmp_path: Path, settings: Any) -> None:
    rehearse(tmp_path / "clock", settings)
    with time_machine.travel(REAL + timedelta(seconds=10), tick=False):
        assert clock.now() == SHOWN + timedelta(minutes=10)
    assert clock.real_span(timedelta(minutes=30)) == timedelta(seconds=30)


def test_production_refuses_one(tmp_path: Path) -> None:
    names = "SECRET_KEY DATABASE_URL REDIS_URL LIVE_STORE_URL STORAGE_URL EMAIL_URL ALLOWED_HOSTS"
    environment = dict.fromkeys((*names.split(), "REHEARSAL_CLOCK"), "x")
    done = subprocess.run(
        [sys.executable, "-c", "import console.settings"], env=environment, capture_output=True, text=True
    )
    assert "production goes by the real time" in done.stderr
