"""Rooms know only the rooms below them, by import and by name."""

import ast
import re
import subprocess
import sys

import pytest

from tests.architecture.source import PROJECT, modules, place, strings, tree

HIGHER = {
    "accounts": ("devices", "jobs", "console"),
    "devices": ("jobs", "console"),
    "jobs": ("console",),
    "outpost": ("accounts", "devices", "jobs", "console"),
}
LOOKUPS = {"get_model", "import_string", "import_module", "__import__"}
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "service", "services"}
VAGUE |= {"handler", "handlers", "processor", "processors", "base", "core", "lib", "tools"}


def test_imports_keep_to_the_floors() -> None:
    lint = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-cache",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert lint.returncode == 0, lint.stdout[-3000:] + lint.stderr[-1000:]


@pytest.mark.parametrize("room", HIGHER)
def test_no_string_names_a_higher_room(room: str) -> None:
    dotted = re.compile(rf"({'|'.join(HIGHER[room])})(\.\w+)+")
    found = [
        place(path, node) for path in modules(room) for node in strings(path) if dotted.fullmatch(node.value)
    ]
    assert found == []


def test_nothing_is_looked_up_by_its_name() -> None:
    found = [
        place(path, node)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and _called(node) in LOOKUPS
    ]
    assert found == []


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def test_our_apps_send_each_other_no_signals() -> None:
    found = [
        place(path, node)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.d")
        if node.module == "django.db.models.signals" or {"Signal"} & {alias.name for alias in node.names}
    ]
    assert found == []


def test_a_file_is_named_for_its_subject() -> None:
    # A management command's and a template's directory and a database backend's module have Django's names.
    ours = (path for path in modules() if path.parts[-2:] != ("mysql", "base.py"))
    found = [place(path) for path in ours if set(path.stem.split("_")) & VAGUE]
    assert found == []
