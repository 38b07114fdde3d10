"""Booted once for all files here, which run in the order of their names: the last one ends the machines."""

from collections.abc import Iterator

import pytest

from tests.ops.fleet import Fleet, root
from tests.ops.staging import environment


@pytest.fixture(scope="package")
def fleet() -> Iterator[Fleet]:
    with environment(root()) as staging:
        yield Fleet(staging)
