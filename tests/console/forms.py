"""What the browser would send: a form's own fields, filled as the page filled them."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client


class _Fields(HTMLParser):
    """The fields of the form that posts to ``action`` (None: to the page itself)."""

    def __init__(self, action: str | None) -> None:
        super().__init__()
        self._action = action
        self._inside = False
        self._select: str | None = None
        self._textarea: str | None = None
        self.found: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        if tag == "form":
            self._inside = told.get("method") == "post" and told.get("action") == self._action
        elif self._inside:
            self._take(tag, told)

    def _take(self, tag: str, told: dict[str, str | None]) -> None:
        name = told.get("name")
        if tag == "select":
            self._select = name
        elif tag == "option" and "selected" in told and self._select:
            self.found.setdefault(self._select, []).append(told.get("value") or "")
        elif tag == "input" and name:
            self._take_input(name, told)
        elif tag == "textarea":
            self._textarea = name

    def _take_input(self, name: str, told: dict[str, str | None]) -> None:
        ticked = told.get("type") in {"checkbox", "radio"}
        if not ticked or "checked" in told:
            self.found.setdefault(name, []).append(told.get("value") or ("on" if ticked else ""))

    def handle_data(self, data: str) -> None:
        if self._textarea and self._inside:
            self.found[self._textarea] = [data.removeprefix("\n")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None


def fields(page: Any, action: str | None = None) -> dict[str, list[str]]:
    """What the form on the page sends when nothing is touched."""
    parser = _Fields(action)
    parser.feed(page.content.decode())
    parser.found.pop("csrfmiddlewaretoken", None)
    return parser.found


def send(client: Client, address: str, **changed: Any) -> Any:
    """Open the page, change some of its form, send it. None leaves a field out."""
    filled: dict[str, Any] = fields(client.get(address)) | changed
    return client.post(address, {name: value for name, value in filled.items() if value is not None})
