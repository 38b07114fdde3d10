"""Releases as trees on disk: this one, the one before it, and changed copies, to run processes from."""

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("accounts", "devices", "outpost", "jobs", "console")


def copy_of_this_tree(to: Path) -> Path:
    """The product as it is here, to change. Returns ``to``."""
    for room in ROOMS:
        shutil.copytree(PROJECT / room, to / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "manage.py", to)
    return to


def previous_release(to: Path) -> Path | None:
    """The tree of the newest tag ``v…``; before there is one, of the commit before the newest migration.

    None where that history is not here.
    """
    commit = _git("describe", "--tags", "--abbrev=0", "--match", "v*").decode().strip()
    commit = commit or f"{_adds_the_newest_migration()}^"
    archive = _git("archive", "--format=tar", commit, *ROOMS, "manage.py")
    if not archive:
        return None
    to.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "--extract", "--directory", to], input=archive, check=True)
    return to


def _adds_the_newest_migration() -> str:
    return _git("log", "-1", "--diff-filter=A", "--format=%H", "--", "*/migrations/0*.py").decode().strip()


def manage(tree: Path, environment: dict[str, str], *words: str) -> str:
    """Run the tree's manage.py; what it printed. Raises ``AssertionError`` with its words when it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=tree, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=PROJECT, capture_output=True)
    return done.stdout if done.returncode == 0 else b""
