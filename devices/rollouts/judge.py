"""How one attempt went, from what its access point reported since. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from devices.rollouts.versions import runs

UPGRADE_FAILED = "upgradefailed"  # an access point's own word for coming back on the old firmware


class Outcome(StrEnum):
    """How an attempt ended, as it is kept with the target."""

    UPGRADED = "upgraded"
    UPGRADE_FAILED = "upgrade-failed"  # it said so itself
    REFUSED = "refused"  # it answered the command with an error
    OLD_FIRMWARE = "old-firmware"  # it is here, and runs what it ran before
    SILENT = "silent"  # it was not heard of again
    UNSENT = "unsent"  # the command never left: no attempt
    ALREADY = "already"  # it ran the image before its turn came
    NEWER = "newer"  # it runs something newer by now
    NO_WAY = "no-way"  # it needs another version first, and none that leads there is offered
    RELEASED = "released"  # nobody's any more, or another organisation's
    LEFT_OUT = "left-out"  # cancelled, or given up


@dataclass(frozen=True)
class Attempt:
    """One claim of one access point. ``session`` is the one it had when it was claimed.

    ``told`` is the boot reason it had then: told again, it says nothing before the deadline.
    """

    version: str
    session: int
    deadline: datetime
    sent: bool
    refused: bool  # the access point answered with an error
    told: str = ""


@dataclass(frozen=True)
class Heard:
    """What the access point last reported."""

    firmware: str
    session: int
    boot_reason: str
    online: bool


def judge(attempt: Attempt, heard: Heard, now: datetime) -> Outcome | None:
    """How it went; None while that is open.

    A connection that was lost and made again proves nothing, though the reason of the last boot comes
    with it: until the deadline the old firmware counts against it only together with its own word
    for it. A command that nobody answered may still be at work, so that too waits for the deadline.
    """
    if runs(heard.firmware, attempt.version):
        return Outcome.UPGRADED
    if _says_it_failed(attempt, heard):
        return Outcome.UPGRADE_FAILED
    if attempt.refused:
        return Outcome.REFUSED
    if now < attempt.deadline:
        return None
    return _at_the_deadline(attempt, heard)


def _at_the_deadline(attempt: Attempt, heard: Heard) -> Outcome:
    if not attempt.sent:
        return Outcome.UNSENT
    if not heard.online:
        return Outcome.SILENT
    says_so = heard.boot_reason == UPGRADE_FAILED and heard.session > attempt.session
    return Outcome.UPGRADE_FAILED if says_so else Outcome.OLD_FIRMWARE


def _says_it_failed(attempt: Attempt, heard: Heard) -> bool:
    has_news = heard.session > attempt.session and heard.boot_reason != attempt.told
    return has_news and heard.boot_reason == UPGRADE_FAILED
