"""A machine whose clock can be put wrong while its processes run."""

import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.machine import Machine
from tests.stack import Stack

SOURCE = Path(__file__).with_name("clock.c")


class OtherClock(Machine):
    """``put`` sets by how many seconds it is ahead; timers go on, as when a clock is stepped."""

    def __init__(self, stack: Stack) -> None:
        self._clock, library = stack.directory / "clock", stack.directory / "clock.so"
        self.put(0)
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
        super().__init__(stack, LD_PRELOAD=str(library), WRONG_CLOCK=str(self._clock))

    def put(self, seconds: int) -> None:
        """In place: the processes have the file mapped."""
        self._clock.touch()
        with self._clock.open("r+b") as file:
            file.write(struct.pack("=q", seconds))


@contextmanager
def other_clock(stack: Stack) -> Iterator[OtherClock]:
    """All of it runs, ready, its clock right."""
    other = OtherClock(stack)
    with other.running():
        yield other
