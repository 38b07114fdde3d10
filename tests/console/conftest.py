"""For tests that ask the console how it is."""

from collections.abc import Iterator

import pytest

from console import asking


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A busy machine may take longer for an answer: that says nothing where nobody is away."""
    monkeypatch.setattr(asking, "LIMIT", 30)
    asking.OWN.close()
    yield
    asking.OWN.close()
