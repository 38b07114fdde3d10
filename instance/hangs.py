"""Hangs that processes of ours ended by themselves, before systemd's watchdog had to: read from the journal.

Each is said in one line of JSON; who says it, and where: jobs/pulse.py, outpost/supervisor.py,
console/watching.py and gunicorn's arbiter.
"""

import json
import logging
import subprocess
from pathlib import Path

from instance.journal import JOURNALCTL

SAID = (
    "process stuck and killed",
    "a process gives no sign of life and is replaced",
    "a console worker is stuck and ends itself",
    "WORKER TIMEOUT",
)
_UNITS = ("console.service", "worker@*.service", "facts.service", "scheduler.service", "outpost@*.service")
PATIENCE = 30.0  # seconds
log = logging.getLogger(__name__)


def note(directory: Path, program: tuple[str, ...] = (JOURNALCTL,)) -> None:
    """Add a line to ``hangs`` for each since the last time; ``hangs-cursor`` says when that was."""
    found = "".join(f"{line}\n" for line in _said(directory / "hangs-cursor", program) if is_hang(line))
    if found:
        with (directory / "hangs").open("a") as file:
            file.write(found)


def is_hang(line: str) -> bool:
    """By its event alone: other fields may quote anybody."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and str(told.get("event", "")).startswith(SAID)


def _said(cursor: Path, program: tuple[str, ...]) -> list[str]:
    # Why the directory is named: see journal.py.
    words = [*program, "--directory=/run/log/journal", "--quiet", "--output=cat", f"--cursor-file={cursor}"]
    words += [f"--grep={'|'.join(SAID)}", "--case-sensitive", *(f"--unit={unit}" for unit in _UNITS)]
    try:
        done = subprocess.run(  # noqa: S603
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("the journal is not read: %s", type(error).__name__)
        return []
    return done.stdout.decode(errors="replace").splitlines()
