"""What an image promises: each promise a function that yields, in words, what is wrong. See ``verify``.

Standard library alone: it runs in the image, with Debian's Python.
"""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

AERIE = Path("/opt/aerie")
APP, VENV, STATIC = AERIE / "app", AERIE / "venv", AERIE / "static"
PYTHON = VENV / "bin" / "python"
UNITS = Path("/etc/systemd/system")
TARGETS = ("aerie-console.target", "aerie-worker.target", "aerie-utility.target", "aerie-outpost.target")
ENABLED = ("aerie-boot.service", "aerie-lifecycle.service", "aerie-logs.service")

Problems = Iterator[str]
PROMISES: list[tuple[str, str, Callable[[], Problems], bool | None]] = []


def promise(
    words: str, booted: bool | None = None
) -> Callable[[Callable[[], Problems]], Callable[[], Problems]]:
    """The function yields what is wrong. ``booted``: asked of running instances alone, or of images alone."""

    def note(check: Callable[[], Problems]) -> Callable[[], Problems]:
        PROMISES.append((check.__name__.replace("_", "-"), words, check, booted))
        return check

    return note


def run(*command: str | Path, **options: object) -> tuple[int, str]:
    """Exit code and everything it said."""
    done = subprocess.run(  # noqa: S603 - words of ours alone
        [str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def files(*places: str | Path) -> Iterator[Path]:
    """Every file below, without following links or leaving the file system."""
    for place in places:
        for directory, names, found in os.walk(place):
            names[:] = [name for name in names if not os.path.ismount(os.path.join(directory, name))]
            yield from (Path(directory, name) for name in found)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
