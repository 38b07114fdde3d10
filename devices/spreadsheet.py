"""What a spreadsheet program makes of a cell, whoever wrote it."""

from typing import Any

# A cell that starts with one of these is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: Any) -> Any:
    """``value`` as a spreadsheet shows it and never runs it: text that could be a formula is quoted."""
    if isinstance(value, str) and value.lstrip(" \ufeff").startswith(_FORMULA):
        return f"'{value}"
    return value
