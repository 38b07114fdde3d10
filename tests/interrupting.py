"""Code that is broken off at any line, without a trace of it in what runs afterwards."""

from collections.abc import Callable


def apart(work: Callable[[], None]) -> None:
    """Do it in a generator: what Python holds for an exception being handled goes with that one's end.

    Broken off by a trace function at the end of an ``except``, Python 3.11 never lets go of the exception:
    every later one of the thread would have it as its context, and all that its frames hold would stay open.
    """
    for _ in (work() for _ in range(1)):
        pass
