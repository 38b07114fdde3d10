"""Nothing grows beyond what one can hold in mind at once."""

import statistics

from tests.architecture.source import functions, modules, place, templates

MODULE_LINES = 400
TEMPLATE_LINES = 150
FUNCTION_LINES = 50


def _lines_of_functions() -> list[tuple[int, str]]:
    """Each function's length, decorators and docstring included, shortest first."""
    return sorted(
        (node.end_lineno - node.lineno + 1, place(path, node))
        for path in modules()
        for node in functions(path)
        if node.end_lineno
    )


def test_modules_and_templates_stay_short() -> None:
    limits = [(path, MODULE_LINES) for path in modules()] + [(path, TEMPLATE_LINES) for path in templates()]
    assert [place(path) for path, limit in limits if len(path.read_text().splitlines()) > limit] == []


def test_no_function_is_long() -> None:
    assert [where for lines, where in _lines_of_functions() if lines > FUNCTION_LINES] == []


def test_most_functions_are_small() -> None:
    lines = [count for count, _ in _lines_of_functions()]
    assert statistics.median(lines) <= 8
    assert statistics.quantiles(lines, n=10)[-1] <= 25
