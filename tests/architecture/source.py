"""The project's own source as the guards read it."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("accounts", "devices", "outpost", "jobs", "console", "instance", "deploy")


def modules(*rooms: str) -> list[Path]:
    """The Python files of these rooms (of all without any), migrations left out."""
    found = (path for room in rooms or ROOMS for path in sorted((PROJECT / room).rglob("*.py")))
    return [path for path in found if "migrations" not in path.parts]


def templates() -> list[Path]:
    return sorted(path for room in ROOMS for path in (PROJECT / room).rglob("templates/**/*.*"))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Where a guard found something, as file:line."""
    line = f":{node.lineno}" if isinstance(node, ast.expr | ast.stmt) else ""
    return f"{path.relative_to(PROJECT)}{line}"


def strings(path: Path) -> Iterator[ast.Constant]:
    """Every string literal of a module."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
