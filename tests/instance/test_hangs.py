"""Hangs that were ended from within are counted, each once, and by what happened alone."""

import json
import sys
from pathlib import Path

import pytest

from instance import hangs

PROJECT = Path(__file__).resolve().parents[2]
STUCK = json.dumps({"level": "critical", "event": "process stuck and killed", "at": "x.py:1 f"})
QUOTED = json.dumps({"event": "connected", "name": "process stuck and killed"})
SAYS = ("jobs/pulse.py", "outpost/supervisor.py", "console/watching.py")


@pytest.mark.parametrize("line", [STUCK, json.dumps({"event": "WORKER TIMEOUT (pid:7)"})])
def test_a_hang_is_told_by_its_event(line: str) -> None:
    assert hangs.is_hang(line)


@pytest.mark.parametrize("line", [QUOTED, "process stuck and killed", "[1]", "{", '{"event": 1}'])
def test_what_only_quotes_one_is_none(line: str) -> None:
    assert not hangs.is_hang(line)


def test_each_is_noted_once(tmp_path: Path) -> None:
    program = tmp_path / "journalctl.py"
    program.write_text(f"print({STUCK!r}); print({QUOTED!r}); print({STUCK!r})")
    for _ in range(2):
        hangs.note(tmp_path, (sys.executable, str(program)))
    assert (tmp_path / "hangs").read_text().splitlines() == [STUCK] * 4


def test_a_journal_that_cannot_be_read_is_no_hang(tmp_path: Path) -> None:
    hangs.note(tmp_path, ("/nowhere",))
    assert list(tmp_path.iterdir()) == []


def test_the_words_are_those_that_are_said() -> None:
    from gunicorn import arbiter

    sources = [(PROJECT / name).read_text() for name in SAYS] + [Path(arbiter.__file__).read_text()]
    assert all(any(f'"{words}' in source for source in sources) for words in hangs.SAID)
