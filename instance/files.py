"""Files written whole or not at all, never readable by anybody else in between."""

import os
import shutil
import tempfile
from pathlib import Path


def write(path: Path, text: str, *, mode: int = 0o600, owner: str = "") -> bool:
    """Replace the file in one step; whether it had been different. The directory must exist."""
    if same(path, text):
        return False
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if owner:
            shutil.chown(temporary, owner)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return True


def directory(path: Path, *, mode: int = 0o755, owner: str = "") -> Path:
    """Make it if it is not there."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if owner:
        shutil.chown(path, owner)
    return path


def same(path: Path, text: str) -> bool:
    """Whether the file is there and holds just this."""
    try:
        return path.read_bytes() == text.encode()
    except FileNotFoundError:
        return False
