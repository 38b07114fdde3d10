"""Whoever compiles mysqlclient, wherever and whenever, gets the same bytes."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = PROJECT / "ami" / "scripts"


def run(*command: str | Path, **variables: str) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        env=os.environ | {"PYTHON": sys.executable} | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def source() -> Path:
    """Published as source alone; kept, so that it is fetched once, with the hash that the lock tells."""
    place = PROJECT / "var" / "wheels" / "source"
    name, version = "mysqlclient", _locked("mysqlclient")
    archive = place / f"{name}-{version}.tar.gz"
    lock = place / "mysqlclient.lock"
    place.mkdir(parents=True, exist_ok=True)
    lock.write_text(_entry(name))
    if not archive.exists():
        run(SCRIPTS / "fetch-wheels", lock, "amd64", place)
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in lock.read_text()
    return archive


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with what compiles wheels: the locked versions."""
    builder, venv = PROJECT / "var" / "wheels" / "builder", tmp_path_factory.mktemp("compiler")
    lock = PROJECT / "ami" / "builder.lock"
    run(SCRIPTS / "fetch-wheels", lock, "amd64", builder)
    run(sys.executable, "-m", "venv", venv)
    offline = ("--isolated", "--no-index", "--find-links", builder, "--require-hashes")
    run(venv / "bin" / "python", "-m", "pip", "install", *offline, "--requirement", lock)
    return venv / "bin" / "python"


def _entry(name: str) -> str:
    lines = (PROJECT / "requirements.lock").read_text().splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = next(n for n in range(start + 1, len(lines) + 1) if n == len(lines) or lines[n][0] != " ")
    return "".join(lines[start:end])


def _locked(name: str) -> str:
    return _entry(name).split("==")[1].split()[0]


def compiled(compiler: Path, source: Path, out: Path, **variables: str) -> str:
    """The sha256 of the wheel."""
    run(SCRIPTS / "compile-wheel", source, out, PYTHON=str(compiler), **variables)
    (wheel,) = out.glob("*.whl")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_two_builds_give_the_same_bytes(compiler: Path, source: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a-rather-longer-place"
    elsewhere.mkdir()
    first = compiled(compiler, source, tmp_path / "first", TMPDIR="/tmp", TZ="Asia/Tokyo", LC_ALL="C")
    second = compiled(
        compiler, source, tmp_path / "second", TMPDIR=str(elsewhere), CFLAGS="-g", PYTHONHASHSEED="7"
    )
    assert first == second


def test_another_source_gives_other_bytes(compiler: Path, source: Path, tmp_path: Path) -> None:
    """Else the test above could not fail."""
    tree = tmp_path / "tree"
    tree.mkdir()
    run("tar", "-xzf", source, "-C", tree, "--strip-components=1")
    with (tree / "src" / "MySQLdb" / "_mysql.c").open("a") as file:
        file.write('\nconst char *aerie_changed = "yes";\n')
    changed = tmp_path / "changed.tar.gz"
    run("tar", "-czf", changed, "-C", tmp_path, "tree")
    assert compiled(compiler, changed, tmp_path / "one") != compiled(compiler, source, tmp_path / "other")
