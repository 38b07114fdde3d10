"""What the gate runs again, of real runs of pytest."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import failed

CONFTEST = "from tests.failed import note as pytest_sessionfinish"
HERE = Path(__file__).parents[1]


def run(directory: Path, *arguments: str, **files: str) -> Path:
    """The cache of a run over these files."""
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "pytest.ini").write_text("[pytest]")
    for name, text in files.items():
        (directory / f"{name}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", *arguments, str(directory)]
    subprocess.run(command, cwd=directory, env={"PYTHONPATH": str(HERE)}, capture_output=True)
    return directory / ".pytest_cache/v"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_files_of_what_failed(tmp_path: Path, workers: str) -> None:
    bad, good = "def test_a(): pass\ndef test_b(): assert 0\n", "def test_c(): pass"
    cache = run(tmp_path, "-n", workers, test_bad=bad, test_good=good)
    assert failed.files(cache) == ["test_bad.py"]


@pytest.mark.parametrize(
    "text", ["def test_a(): pass", "def test_a(): assert 0\ndef test_b(): raise KeyboardInterrupt"]
)
def test_nothing_of_a_run_that_passed_or_was_cut_off(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="did not run to their end"):
        failed.files(run(tmp_path, test_it=text))


def test_nothing_where_nothing_ran(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="did not run to their end"):
        failed.files(tmp_path)


def test_many_failures_are_no_accident(tmp_path: Path) -> None:
    many = "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_a(n): assert 0"
    with pytest.raises(ValueError, match="6 failed"):
        failed.files(run(tmp_path, test_it=many))
