"""Things gather while the live store is busy, then go to it together: few round trips for many things."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Generic, TypeVar

from outpost import metrics
from outpost.store.contract import StoreUnavailable

K = TypeVar("K")
V = TypeVar("V")
RETRY_SECONDS = 0.4  # on average, between attempts while the store does not answer
log = logging.getLogger(__name__)


class Gathering(Generic[K, V]):
    """What waits, by key, oldest first; one call to the store at a time.

    ``merge(older, newer)`` says what remains of two values of one key (the newer, unless told).
    While the store is away everything is kept and tried again, up to ``kept``: then the oldest go.
    """

    def __init__(
        self,
        name: str,
        call: Callable[[dict[K, V]], Awaitable[None]],
        *,
        most: int = 500,
        pause: float = 0.0,
        kept: int | None = None,
        retry: float = RETRY_SECONDS,
        merge: Callable[[V, V], V] = lambda older, newer: newer,
    ) -> None:
        self.name = name
        self._call = call
        self._most = most  # in one call
        self._pause = pause  # seconds to let more gather
        self._kept = kept
        self._retry = retry
        self._away = False
        self._called_at: float | None = None
        self._merge = merge
        self._waiting: dict[K, V] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: K, value: V) -> None:
        """Have it go with the next call."""
        if key in self._waiting:
            value = self._merge(self._waiting[key], value)
        elif self._kept is not None and len(self._waiting) >= self._kept:
            self._drop(1)
        self._waiting[key] = value
        self._idle.clear()
        self._wake.set()

    def calling(self) -> float:
        """Seconds that the present call to the store has lasted; 0.0 without one."""
        return 0.0 if self._called_at is None else time.monotonic() - self._called_at

    def discard(self, key: K) -> None:
        """It need not go any more."""
        self._waiting.pop(key, None)

    async def run(self) -> None:
        """Work for ever."""
        while True:
            await self._wake.wait()
            if self._pause:
                await asyncio.sleep(self._pause)
            self._wake.clear()
            await self._send(self._take())
            if self._waiting:
                self._wake.set()
            else:
                self._idle.set()

    async def emptied(self) -> None:
        """Wait until nothing waits."""
        await self._idle.wait()

    def _take(self) -> dict[K, V]:
        taken = dict(islice(self._waiting.items(), self._most))
        for key in taken:
            del self._waiting[key]
        return taken

    async def _send(self, items: dict[K, V]) -> None:
        if not items:
            return
        try:
            await self._timed_call(items)
            self._note(away=False)
        except StoreUnavailable as error:
            self._put_back(items)
            self._note(away=True, error=str(error))
            await asyncio.sleep(self._retry * random.uniform(0.5, 1.5))  # noqa: S311
        except Exception:  # one bad thing must not stop the rest for ever
            log.exception("given up", extra={"call": self.name, "count": len(items)})

    async def _timed_call(self, items: dict[K, V]) -> None:
        self._called_at = time.monotonic()
        try:
            with metrics.timed_store(self.name):
                await self._call(items)
        finally:
            self._called_at = None

    def _note(self, *, away: bool, **extra: str) -> None:
        """Say once that the store went away, and once that it is back."""
        if away != self._away:
            said = "the live store does not answer" if away else "the live store answers again"
            log.log(logging.WARNING if away else logging.INFO, said, extra={"call": self.name, **extra})
        self._away = away

    def _put_back(self, items: dict[K, V]) -> None:
        for key, newer in self._waiting.items():
            items[key] = self._merge(items[key], newer) if key in items else newer
        self._waiting = items
        if self._kept is not None and len(items) > self._kept:
            self._drop(len(items) - self._kept)

    def _drop(self, count: int) -> None:
        for key in list(islice(self._waiting, count)):
            del self._waiting[key]
        metrics.FACTS_DROPPED.inc(count)
