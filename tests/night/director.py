"""Moves the clock on whenever nothing more can happen until then, so that days pass in minutes.

It never jumps while somebody could be upgraded now or an upgrade is under way that may still come to
its end; after ``PATIENCE`` without any news, what was under way is lost, and time may pass.
"""

import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.night.books import Books, Look, Target
from tests.night.cast import Place
from tests.night.clock import Clock

MINUTE = timedelta(minutes=1)
#: Real seconds without any change after which nothing under way will end by itself any more.
PATIENCE = 20.0
#: Real seconds between two looks.
LOOK = 0.5


class Director:
    """``doomed``: serials that cannot end well; ``dead``: those of them that will never come back."""

    def __init__(
        self,
        clock: Clock,
        books: Books,
        places: dict[int, Place],
        doomed: Collection[str],
        dead: Collection[str],
    ) -> None:
        self.clock, self.books, self.places = clock, books, places
        self.doomed, self.dead = doomed, dead
        self.jumps = 0
        self._seen: object = None
        self._since = time.monotonic()
        self._looks: set[datetime | None] = set()

    def play(self, timeout: float, each: Callable[[Look], None] = lambda look: None) -> Look:
        """Until the rollout neither runs nor will. Raises ``TimeoutError``."""
        deadline = time.monotonic() + timeout
        while not (look := self.books.look()).over:
            if time.monotonic() > deadline:
                raise TimeoutError(f"at {self.clock.now()}: {look.progress}, waiting {look.waiting[:3]}")
            each(look)
            if self._may_jump(look) and (at := self._next(look)):
                self.clock.jump(at)
                self.jumps += 1
                self._forget()
            time.sleep(LOOK)
        return look

    def wind_down(self, timeout: float) -> Look:
        """Until nothing is under way any more, though it runs no longer. Raises ``TimeoutError``."""
        deadline = time.monotonic() + timeout
        while (look := self.books.look()).busy:
            if time.monotonic() > deadline:
                raise TimeoutError(f"still under way at {self.clock.now()}: {look.busy[:3]}")
            if self._may_jump(look) and (at := self._next(look)):
                self.clock.jump(at)
                self._forget()
            time.sleep(LOOK)
        return look

    def _forget(self) -> None:
        self._since, self._looks = time.monotonic(), set()

    def _may_jump(self, look: Look) -> bool:
        """Nothing is under way or due, and the engine has looked since; or there was no news for long."""
        if look.progress != self._seen:
            self._seen = look.progress
            self._forget()
            return False
        self._looks.add(look.look_at)
        if time.monotonic() - self._since > PATIENCE:
            return True
        has_looked = len(self._looks) > 1 or bool(
            look.look_at and look.look_at > self.clock.now() + 5 * MINUTE
        )
        return has_looked and not self._under_way(look)

    def _under_way(self, look: Look) -> bool:
        return any(map(self._may_come, look.busy)) or any(map(self._is_due, look.waiting))

    def _may_come(self, one: Target) -> bool:
        """It may still do or say something: not once it flashed in vain, and is back or dead."""
        has_answered = one.command in ("done", "failed")
        is_back = one.online or one.serial in self.dead
        return one.serial not in self.doomed or not (has_answered and is_back)

    def _is_due(self, one: Target) -> bool:
        """Or would be, were it back from the last kill."""
        now = self.clock.now()
        early = one.not_before is not None and one.not_before > now
        is_dead = one.serial in self.dead and not one.online
        return not early and not is_dead and may_start(self.places[one.network], now)

    def _next(self, look: Look) -> datetime | None:
        """The next moment at which something may happen; None when that is too near to jump to."""
        now = self.clock.now()
        moments = [one.deadline for one in look.busy]
        alive = [one for one in look.waiting if one.online or one.serial not in self.dead]
        moments += [one.not_before for one in alive]
        moments += [next_opening(self.places[network], now) for network in {one.network for one in alive}]
        moments += [look.gives_up_at]
        if alive or look.busy:  # for those that never come back there is nothing to look at before the end
            moments += [look.look_at]
        if look.settled:
            moments += [look.settled + look.soak, look.settled + look.soak + look.answer]
        at = min(one for one in moments if one and one > now)
        return at + timedelta(seconds=5) if at > now + 2 * MINUTE else None


def is_inside(place: Place, at: datetime) -> bool:
    """By the clock on the wall; none of our places has a window over midnight."""
    return place.start <= f"{at.astimezone(ZoneInfo(place.timezone)):%H:%M}" < place.end


def may_start(place: Place, at: datetime) -> bool:
    return is_inside(place, at) and is_inside(place, at + 11 * MINUTE)


def next_opening(place: Place, now: datetime) -> datetime:
    """The next minute at which it is open and was not a minute before."""
    at = now.replace(second=0, microsecond=0) + MINUTE
    while not is_inside(place, at) or is_inside(place, at - MINUTE):
        at += MINUTE
    return at
