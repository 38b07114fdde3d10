"""What watching costs: a statement's wrapper, and the middleware with its line. Prints µs, medians of rounds.

``AERIE_ENV=test DATABASE_URL=sqlite://:memory: python -m tests.load.observing``
"""

import io
import logging
import os
import statistics
import sys
from collections.abc import Callable
from time import perf_counter

ROUNDS, TIMES = 7, 5_000


def cost(work: Callable[[], object]) -> float:
    """Microseconds a call, the median of the rounds."""
    found = []
    for _ in range(ROUNDS):
        began = perf_counter()
        for _ in range(TIMES):
            work()
        found.append((perf_counter() - began) / TIMES * 1e6)
    return statistics.median(found)


def statement() -> float:
    """What the wrapper adds to one."""
    from devices.statements import Tally, _timed, tallied

    def execute(*_: object) -> None:
        return None

    with tallied(Tally("bench")):
        watched = cost(lambda: _timed(execute, "SELECT 1", (), False, {}))
    return watched - cost(lambda: execute("SELECT 1", (), False, {}))


def request() -> float:
    """What the middleware adds to one, its line formatted and written."""
    from django.http import HttpResponse
    from django.test import RequestFactory

    from console.observing import ObserveRequest

    root = logging.getLogger()
    root.handlers[0].setStream(io.StringIO())  # type: ignore[attr-defined]
    root.setLevel(logging.INFO)
    answer = HttpResponse()
    factory, watched = RequestFactory(), ObserveRequest(lambda request: answer)
    return cost(lambda: watched(factory.get("/"))) - cost(lambda: factory.get("/"))


def main() -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    django.setup()
    sys.stdout.write(f"a statement: {statement():.2f} µs\na request: {request():.1f} µs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
