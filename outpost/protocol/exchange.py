"""Frames sent and the answers they get: which answer is for what, and what never came."""

from typing import Final

import msgspec

from outpost.protocol.messages import MAX_NUMBER

KEPT: Final = 16  # exchanges remembered for late answers
MOST_ANSWERS: Final = 2  # an early "triggered" and a late failure; more is noise


class Exchange(msgspec.Struct):
    """One frame that wants an answer. ``key`` is the uuid of a configuration or the id of a command."""

    id: int
    key: int
    configures: bool
    sent_at: float
    deadline: float
    answers: int = 0


class Exchanges:
    """The frames of one connection: at most one configuration and one command wait for an answer."""

    __slots__ = ("_next_id", "_recent", "command", "configuration")

    def __init__(self, first_id: int) -> None:
        """``first_id`` is random: an answer meant for an earlier connection then matches nothing."""
        self._next_id = first_id
        self._recent: dict[int, Exchange] = {}
        self.configuration: Exchange | None = None
        self.command: Exchange | None = None

    def next_id(self) -> int:
        """The id the next frame must have."""
        return self._next_id

    def sent(self, key: int, *, configures: bool, now: float, timeout: float) -> None:
        """A frame with ``next_id`` was sent and may be answered within ``timeout`` seconds."""
        exchange = Exchange(self._next_id, key, configures, now, now + timeout)
        self._next_id = self._next_id % MAX_NUMBER + 1
        self._recent[exchange.id] = exchange
        if len(self._recent) > KEPT:
            del self._recent[next(iter(self._recent))]
        if configures:
            self.configuration = exchange
        else:
            self.command = exchange

    def answered(self, id: int) -> Exchange | None:
        """What this answer is for, late ones included; None when it was never sent here or said enough."""
        exchange = self._recent.get(id)
        if exchange is None or exchange.answers >= MOST_ANSWERS:
            return None
        exchange.answers += 1
        self._free(exchange)
        return exchange

    def forget(self) -> None:
        """Whatever is answered from now on is about nothing we know."""
        self._recent.clear()
        self.configuration = self.command = None

    def expired(self, now: float) -> list[Exchange]:
        """What has waited long enough; it waits no longer, but a late answer is still understood."""
        overdue = [one for one in (self.configuration, self.command) if one and one.deadline <= now]
        for exchange in overdue:
            self._free(exchange)
        return overdue

    def next_deadline(self) -> float:
        """When ``expired`` has something to say; infinity when nothing waits."""
        waiting = (self.configuration, self.command)
        return min((one.deadline for one in waiting if one), default=float("inf"))

    def _free(self, exchange: Exchange) -> None:
        if self.configuration is exchange:
            self.configuration = None
        if self.command is exchange:
            self.command = None
