"""What more than one file of these takes minutes to make."""

from collections.abc import Iterator

import pytest

from tests.ops.aws import local_aws
from tests.ops.infrastructure import Infrastructure, in_order, infrastructure


@pytest.fixture(scope="session")
def applied() -> Iterator[Infrastructure]:
    """Staging, all states applied, in order; ``test_terraform`` destroys it with its last test."""
    with local_aws() as aws, infrastructure(aws) as made:
        made.make_bucket()
        in_order(made.apply)
        yield made
        for what, seconds in made.seconds.items():
            print(f"  {what:<18} {seconds:6.1f} s")
