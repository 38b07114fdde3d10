"""Root directories of Debian 12, made by the very scripts that Packer runs on EC2.

Three steps, each cached under ``var/ops`` by a key of all that goes into it: Debian itself
(``debootstrap`` stands in for Debian's image on EC2), the base image, and an app image for
each tree and release. Several processes may ask at once; one makes it, the others wait::

    root = app_root(PROJECT, "0.2.0")          # the working tree
    older = app_root(copy_of_a_tree, "0.1.0")  # both exist side by side

A root is never changed once it is there: boot it with an overlay on top.
Needs root, debootstrap and Debian's packages; wheels need Python's.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / "var" / "ops"
UPLOAD = Path("/var/tmp/aerie")  # where the scripts find what was uploaded, in the image
KEEP = 6 * 3600  # seconds; no run lasts as long
_DIGITS = 16


class BuildFailed(RuntimeError):
    """A script left with an error; the message ends with what it said."""


def run(*command: str | Path, **environment: str) -> str:
    """What it printed. Raises ``BuildFailed``."""
    done = subprocess.run(
        [str(word) for word in command],
        env=os.environ | {"PYTHON": sys.executable} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BuildFailed(f"{command[0]} left with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def key(step: str, ami: Path = PROJECT / "ami") -> str:
    """See ``ami/scripts/key``."""
    return run(ami / "scripts" / "key", step).strip()


def debian_root(ami: Path = PROJECT / "ami") -> Path:
    """Debian as debootstrap leaves it, with sshd: about a minute the first time."""
    return _cached(f"debian-{key('debian', ami)}", lambda root: run(ami / "scripts" / "make-root", root))


def base_root(ami: Path = PROJECT / "ami") -> Path:
    """The base image: Debian after ``base.sh``."""

    def make(root: Path) -> None:
        copy_root(debian_root(ami), root)
        upload(root, ami)
        provision(root, "base.sh")

    return _cached(f"base-{key('base', ami)}", make)


def wheels(tree: Path = PROJECT) -> Path:
    """Every wheel of the tree's requirements.lock, and the lock with the hashes of these very files."""
    build = tree / "ami" / "scripts" / "build-wheels"
    name = f"wheels-{key('wheels', tree / 'ami')}"
    return _cached(name, lambda out: run(build, "--debian", debian_root(tree / "ami"), out))


def app_root(tree: Path, release: str, base: Path | None = None) -> Path:
    """The app image of a source tree, called ``release``: base after ``app.sh``. Seconds."""
    ami, base, commit = tree / "ami", base or base_root(tree / "ami"), tree_hash(tree)
    lock = wheels(tree) / "requirements.lock"
    parts = (key("app", ami), key("wheels", ami), commit, release, base.name)
    name = f"app-{release}-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:_DIGITS]}"

    def make(root: Path) -> None:
        copy_root(base, root)
        upload(root, ami, tree)
        provision(
            root,
            "app.sh",
            AERIE_RELEASE=release,
            AERIE_COMMIT=commit,
            AERIE_BUILT_AT=datetime.now(UTC).isoformat(timespec="seconds"),
            AERIE_WHEELS=hashlib.sha256(lock.read_bytes()).hexdigest(),
        )

    return _cached(name, make)


def tree_hash(tree: Path) -> str:
    """Of what an instance gets of it; 40 hex digits, as a commit has."""
    with _packed(tree) as archive:
        return hashlib.sha1(archive.read_bytes()).hexdigest()


def copy_root(source: Path, target: Path) -> None:
    """A copy with every right, link and owner; instant where the file system can share blocks."""
    run("cp", "--archive", "--reflink=auto", f"{source}/.", target)


def upload(root: Path, ami: Path, tree: Path | None = None) -> None:
    """Put there what Packer would upload: ami/ and, of a tree, app.tar and wheels/."""
    place = root / UPLOAD.relative_to("/")
    place.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ami, place / "ami")
    if tree:
        shutil.copytree(wheels(tree), place / "wheels")
        run(ami / "scripts" / "pack-app", tree, place / "app.tar")


def provision(root: Path, script: str, **variables: str) -> None:
    """Run one of ``ami/scripts`` inside. Raises ``BuildFailed``."""
    inside = PROJECT / "ami" / "scripts" / "in-root"
    settings = [f"{name}={value}" for name, value in variables.items()]
    run(inside, root, "/usr/bin/env", *settings, str(UPLOAD / "ami" / "scripts" / script))


@contextmanager
def _packed(tree: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        archive = Path(directory) / "app.tar"
        run(tree / "ami" / "scripts" / "pack-app", tree, archive)
        yield archive


def _cached(name: str, make: Callable[[Path], object]) -> Path:
    """``var/ops/<name>``, made by one process while the others wait; nothing of it when that fails."""
    CACHE.mkdir(parents=True, exist_ok=True)
    place, unfinished = CACHE / name, CACHE / f"{name}.unfinished"
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            _clear()
            make(unfinished)
            unfinished.rename(place)
    return place


def _clear() -> None:
    """Each tree costs half a gigabyte: what nobody asked for in ``KEEP`` goes."""
    for lock in CACHE.glob("app-*.lock"):
        if time.time() - lock.stat().st_mtime > KEEP:
            for root in (lock.with_suffix(""), lock.with_suffix(".unfinished")):
                shutil.rmtree(root, ignore_errors=True)
            lock.unlink(missing_ok=True)
