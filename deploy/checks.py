"""What must hold before anything is built or changed."""

import subprocess
from pathlib import Path

from deploy import releases
from deploy.outcomes import Refused


def clean_tree(project: Path) -> None:
    """Raises ``Refused``: a release is a commit, or nobody can say afterwards what runs."""
    if files := releases.unclean(project):
        shown = "\n  ".join(files[:10])
        raise Refused(f"{len(files)} files are in no commit; commit or remove them first:\n  {shown}")


def gate(project: Path) -> None:
    """``make check``, as CI runs it. Raises ``Refused`` with its last lines."""
    done = subprocess.run(
        ["make", "check"],  # noqa: S607
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise Refused(f"make check failed:\n{done.stdout[-2000:].strip()}")
