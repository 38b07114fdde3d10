"""Signs of life that processes give each other through shared memory: a moment for each, no lock, no call."""

import mmap
import time
from collections.abc import Callable
from struct import Struct
from typing import Final

ADMIN: Final = 0  # the admin server's place; the workers' follow
_MOMENT: Final = Struct("d")  # written whole: eight aligned bytes


class Beats:
    """Made before the fork and known to all. Times are ``time.monotonic``'s, the same in every process."""

    def __init__(self, workers: int) -> None:
        self.workers = range(ADMIN + 1, ADMIN + 1 + workers)
        self._shared = mmap.mmap(-1, _MOMENT.size * (workers + 1))

    def beat(self, place: int) -> None:
        """This process lives."""
        _MOMENT.pack_into(self._shared, place * _MOMENT.size, time.monotonic())

    def beating(self, place: int) -> Callable[[], None]:
        """``beat`` for this place."""
        return lambda: self.beat(place)

    def last(self, place: int) -> float:
        """When it last gave one; 0.0 when it has not since it was started."""
        moment: float = _MOMENT.unpack_from(self._shared, place * _MOMENT.size)[0]
        return moment

    def clear(self, place: int) -> None:
        """Another process has this place from now on."""
        _MOMENT.pack_into(self._shared, place * _MOMENT.size, 0.0)

    def silent(self, now: float, seconds: float) -> int:
        """How many workers gave none for this long, those included that have yet to begin."""
        lasts = [self.last(place) for place in self.workers]
        # Not only by the difference: the clock counts from the machine's start, which may be just now.
        return sum(not last or now - last > seconds for last in lasts)
