"""How a deploy ends, as exit codes and as the exceptions that lead to them."""

OK = 0
FAILED = 1  # what was replaced is rolled back: the environment runs what it ran before
USAGE = 2
HALTED = 3  # in between two releases, or unsure; a person decides
REFUSED = 4  # nothing that runs was touched
INTERRUPTED = 130


class Ended(Exception):
    """A deploy that does not reach its end; the message says why, ``state`` how things are left."""

    code = HALTED
    word = "halted"

    def __init__(self, reason: str, state: str = "") -> None:
        super().__init__(reason)
        self.state = state


class Refused(Ended):
    """Before anything that runs was touched."""

    code, word = REFUSED, "refused"


class Halted(Ended):
    """Somewhere in between; it can be run again, or rolled back, once a person has looked."""


class RefreshRolledBack(Ended):
    """Auto Scaling put the old instances of one role back by itself."""

    code, word = FAILED, "rolled back"


class SmokeFailed(Ended):
    """Everything is replaced, and something does not work."""

    code, word = FAILED, "rolled back"
