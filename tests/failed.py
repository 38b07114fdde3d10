"""Which files failed in the last run of all tests, for the gate to run again: ``python -m tests.failed``.

Whole files: what a test leaves open is said at its file's end, and some fail for what ran before them. Exit
codes: 0 told, 1 there is nothing that another run could excuse.
"""

import json
import sys
from pathlib import Path

import pytest

CACHE = Path(".pytest_cache/v")
ENDED = "aerie/ended"  # the cache's key, below CACHE
MOST = 5  # tests: more of them are no accident


def note(session: pytest.Session, exitstatus: int) -> None:
    """How a run ended; to be told by the process that sees all of it."""
    cache = getattr(session.config, "cache", None)
    if cache is not None and not hasattr(session.config, "workerinput"):
        cache.set(ENDED, int(exitstatus))


def files(cache: Path = CACHE) -> list[str]:
    """Of a run that was not cut off. Raises ``ValueError`` for any other, and for too many failures."""
    ended = cache / ENDED
    if not ended.exists() or json.loads(ended.read_text()) != pytest.ExitCode.TESTS_FAILED:
        raise ValueError("the tests did not run to their end")
    failed = json.loads((cache / "cache/lastfailed").read_text())
    if len(failed) > MOST:
        raise ValueError(f"{len(failed)} failed: no accident, not run again")
    return sorted({name.partition("::")[0] for name in failed})


def main() -> int:
    try:
        sys.stdout.write(" ".join(files()) + "\n")
    except ValueError as error:
        sys.stderr.write(f"### {error} ###\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
