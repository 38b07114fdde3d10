"""Tables as CSV, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

# A cell that starts with one of these is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: Any) -> Any:
    """``value`` as a spreadsheet shows it and never runs it: text that could be a formula is quoted."""
    if isinstance(value, str) and value.lstrip(" \ufeff").startswith(_FORMULA):
        return f"'{value}"
    return value


class _Line:
    def write(self, text: str) -> str:
        return text


def csv_response(name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """``name`` without its ending. UTF-8 with the mark that tells Excel so."""

    def lines() -> Iterator[str]:
        writer = csv.writer(_Line())
        yield "\ufeff" + writer.writerow([str(cell) for cell in header])
        for row in rows:
            yield writer.writerow([cell(value) for value in row])

    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8", headers=headers)
