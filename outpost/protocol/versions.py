"""Which configuration an access point runs, by number, and whether ours should be pushed.

An access point loads the highest number it ever stored; a lower one it answers with
"Already applied." and the old number. A number it refused is used up as well.
"""

from typing import Final, Literal

from outpost.protocol.messages import Result

RECOVERY: Final = 0  # reported in recovery mode: nothing may be pushed
ATTEMPTS: Final = 3  # unanswered pushes of one number before we wait for its next connection

Verdict = Literal["applied", "refused", "stale"]


class Versions:
    """The numbers of one access point during one connection."""

    __slots__ = ("_attempted", "_attempts", "_doubted", "_used_up", "reported")

    def __init__(self, reported: int) -> None:
        self.reported = reported
        self._used_up = 0  # the highest number it answered, whatever the answer
        self._attempted = 0
        self._attempts = 0
        self._doubted = -1

    def wants(self, desired: int) -> bool:
        """Whether ``desired`` should be pushed now.

        Not in recovery; not when it runs the same or a newer number (the console must choose a
        higher one); not again what it has answered, nor for ever what it never answers.
        """
        if self.reported == RECOVERY or desired <= max(self.reported, self._used_up):
            return False
        return desired != self._attempted or self._attempts < ATTEMPTS

    def pushed(self, uuid: int) -> None:
        """This number was sent."""
        self._attempts = self._attempts + 1 if uuid == self._attempted else 1
        self._attempted = uuid

    def judge(self, uuid: int, result: Result) -> Verdict:
        """What the answer to a push of ``uuid`` means; remembers it.

        Applied only when it says our number and error 0 (applied) or 1 (applied with rejects).
        Stale: it went well, but for another number, so ours was not applied.
        """
        self.use_up(uuid)
        if result.error not in (0, 1):
            self._still_runs(uuid, result)
            return "refused"
        if result.uuid != uuid:
            self._still_runs(uuid, result)
            return "stale"
        self.reported = uuid
        return "applied"

    def use_up(self, uuid: int) -> None:
        """Never push this number (or a lower one) during this connection."""
        self._used_up = max(self._used_up, uuid)

    def tell(self, uuid: int) -> bool:
        """It says, unasked, what it runs; True when that is news.

        A lower number is believed the second time: the message may have been written before
        the configuration that was applied meanwhile.
        """
        doubtful = uuid < self.reported and uuid != self._doubted
        self._doubted = uuid
        if doubtful or uuid == self.reported:
            return False
        self.reported = uuid
        return True

    def _still_runs(self, uuid: int, result: Result) -> None:
        """A refusal may name the refused number or the one that stays active: believe only the latter."""
        if result.uuid is not None and result.uuid != uuid:
            self.reported = result.uuid
