"""Costs of several contestants that take turns, so that what disturbs the machine disturbs all of them."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.load.findings import Spread

Clock = Callable[[], float]
ROUNDS = 5


def take_turns(
    contestants: Mapping[str, Callable[[], object]], items: int, rounds: int = ROUNDS
) -> dict[str, Spread]:
    """µs of this process's CPU that each contestant takes for one of its ``items``, round by round."""
    timed = read_clocks(contestants, items, [time.process_time], rounds)
    return {name: spreads[0] for name, spreads in timed.items()}


def read_clocks(
    contestants: Mapping[str, Callable[[], object]], items: int, clocks: Sequence[Clock], rounds: int = ROUNDS
) -> dict[str, list[Spread]]:
    """As ``take_turns``, in µs of each of these clocks (which count seconds).

    A first round, in which caches fill, is not counted.
    """
    figures: dict[str, list[list[float]]] = {name: [[] for _ in clocks] for name in contestants}
    with only_new_garbage():
        for _ in range(rounds + 1):
            for name, work in contestants.items():
                for counted, seconds in zip(figures[name], elapsed(work, clocks), strict=True):
                    counted.append(seconds * 1e6 / items)
    return {name: [Spread(tuple(one[1:])) for one in counted] for name, counted in figures.items()}


def elapsed(work: Callable[[], object], clocks: Sequence[Clock]) -> list[float]:
    """Seconds of each clock; the first is read closest to the work, so that it does not time the others.

    Collecting earlier garbage is not charged to it.
    """
    gc.collect()
    began = [clock() for clock in reversed(clocks)]
    work()
    return [clock() - start for clock, start in zip(clocks, reversed(began), strict=True)]


@contextlib.contextmanager
def only_new_garbage() -> Iterator[None]:
    """What was there before is collected once, and then left out of every collection."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
