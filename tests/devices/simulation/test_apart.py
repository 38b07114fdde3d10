"""The simulation knows nothing of the code it tests."""

import ast
from pathlib import Path

import devices.simulation


def imported(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module


def test_it_imports_nothing_of_ours_but_itself():
    files = sorted(Path(devices.simulation.__file__).parent.glob("*.py"))
    assert files
    for path in files:
        ours = [
            name
            for name in imported(path)
            if name.split(".")[0] in ("accounts", "console", "devices", "jobs", "outpost")
        ]
        assert all(name.startswith("devices.simulation") for name in ours), path
        assert "django" not in {name.split(".")[0] for name in imported(path)}, path
