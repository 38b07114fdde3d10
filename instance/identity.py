"""Who this instance is: its assignment, its id and where it stands. The agents wait for it."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from instance import aws
from instance.imds import Imds, ImdsAway
from instance.user_data import Assignment, parse

LONGEST_PAUSE = 30.0  # seconds between two attempts at something that is away
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Identity:
    """Nothing in it is secret."""

    assignment: Assignment
    instance_id: str
    zone: str
    address: str

    def client(self, name: str) -> Any:
        """A boto3 client of this instance's region."""
        return aws.client(name, self.assignment.region, self.assignment.endpoint_url)


def read(imds: Imds) -> Identity:
    """Raises ``ImdsAway`` or ``UserDataInvalid``."""
    assignment = parse(imds.user_data())
    return Identity(assignment, imds.instance_id(), imds.availability_zone(), imds.private_address())


def await_identity(imds: Imds, sleep: Callable[[float], None] = time.sleep) -> Identity:
    """Ask until the metadata service answers. Raises ``UserDataInvalid``, which no waiting mends."""
    for pause in pauses():
        try:
            return read(imds)
        except ImdsAway as error:
            log.warning("waiting: %s", error)
            sleep(pause)
    raise AssertionError  # pauses never end


def pauses(first: float = 1.0, longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """Seconds to wait after each failure in a row: doubled until they are the longest."""
    pause = first
    while True:
        yield pause
        pause = min(longest, pause * 2)
