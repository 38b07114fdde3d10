"""How much one access point may have kept: a broken or hostile one must not push out the others' facts."""

from typing import Final

BURST: Final = 300.0  # 250 events buffered while offline, and some more
PER_SECOND: Final = 1.0


class Allowance:
    """A token bucket. Times are seconds on any clock that does not jump."""

    __slots__ = ("_at", "_left")

    def __init__(self, now: float) -> None:
        self._at = now
        self._left = BURST

    def spend(self, now: float) -> bool:
        """Take one if there is one."""
        self._left = min(BURST, self._left + max(0.0, now - self._at) * PER_SECOND)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
