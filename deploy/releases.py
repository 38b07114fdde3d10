"""What is released: a version and a commit, and what lies between two of them. Asks git alone."""

import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from deploy.outcomes import Refused

PROJECT = Path(__file__).resolve().parents[1]
COMMITS = 200  # of a record at most


@dataclass(frozen=True)
class Release:
    """``name`` is version+short commit, as AERIE_RELEASE and /livez have it."""

    name: str
    commit: str = ""


def here(project: Path = PROJECT) -> Release:
    """The release that the checked-out commit is. Raises ``Refused`` outside a git checkout."""
    version = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
    commit = _git(project, "rev-parse", "HEAD")
    if not commit:
        raise Refused("This is no git checkout, or git is missing: a release is named after its commit")
    return Release(f"{version}+{commit[:8]}", commit)


def unclean(project: Path = PROJECT) -> list[str]:
    """Files that differ from the commit, or are not in it."""
    return _git(project, "status", "--porcelain").splitlines()


def commits(before: str, release: Release, project: Path = PROJECT) -> list[str]:
    """Hash and subject of each commit since the release ``before``; none when either is not known here."""
    since = before.partition("+")[2]
    if not since or not release.commit:
        return []
    words = _git(project, "log", "--format=%h %s", f"-{COMMITS}", f"{since}..{release.commit}")
    return words.splitlines()


def _git(project: Path, *words: str) -> str:
    """What it printed; nothing when it failed, or is not installed."""
    if not (git := shutil.which("git")):
        return ""
    done = subprocess.run([git, "-C", str(project), *words], capture_output=True, text=True)  # noqa: S603
    return done.stdout.rstrip() if done.returncode == 0 else ""
