"""A deploy in a process of its own that kills itself with -9 at a moment: nothing of it runs after that.

``python -m tests.deploy.killed PROJECT SECONDS_LATER MOMENT WORDS…``. The moment is a part of a line that it
shows, or the number of a call of AWS, before which it ends.
"""

import itertools
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3

from deploy.__main__ import main
from tests.deploy.staging import Written


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_before_call(number: int) -> None:
    calls = itertools.count(1)
    boto3.setup_default_session()
    session = boto3.DEFAULT_SESSION
    session.events.register("before-call", lambda **_: die() if next(calls) == number else None)


if __name__ == "__main__":
    project, seconds, moment, *words = sys.argv[1:]
    written = Written(moment, die)
    if moment.isdecimal():
        die_before_call(int(moment))
        written = Written()
    now = datetime.now(UTC) + timedelta(seconds=int(seconds))
    code = main(words, written, project=Path(project), sleep=lambda _: None, now=lambda: now)
    print(written.text)
    sys.exit(code)
