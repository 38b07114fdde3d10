"""``python -m deploy staging`` and its verbs. See docs/deploying.md."""

import argparse
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from deploy import outcomes, records, state, static_files
from deploy.deploying import STEPS, Deploy, Wish, how_things_are, situation
from deploy.environments import NAMES, Environment
from deploy.lock import Lock
from deploy.progress import Shown, shown_on

VERBS = ("rollback", "status", "history", "prune")
_CODES = """exit codes:
  0    done
  1    failed, and rolled back: the environment runs what it ran before
  2    wrong usage
  3    halted in between: a person decides; deploying again continues, rollback goes back
  4    refused before anything that runs was touched
  130  interrupted; what Auto Scaling has begun goes on by itself
"""


def parser() -> argparse.ArgumentParser:
    """``deploy`` is the verb that need not be said."""
    made = argparse.ArgumentParser(
        prog="python -m deploy",
        description="Replace every instance of an environment by a new release, or go back.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = made.add_subparsers(dest="verb", required=True, metavar="[deploy] | " + " | ".join(VERBS))
    words = {
        "deploy": "checks, image, migrations, static files, instances, smoke, record",
        "rollback": "back to the release before, or away from an unfinished one; migrations stay",
        "status": "what runs, and what is unfinished",
        "history": "who deployed what",
        "prune": "delete static files that no release of the last 90 days needs",
    }
    for verb, what in words.items():
        _add(verbs.add_parser(verb, help=what, description=what, epilog=_CODES, formatter_class=_Raw), verb)
    return made


_Raw = argparse.RawDescriptionHelpFormatter


def _add(verb: argparse.ArgumentParser, name: str) -> None:
    verb.add_argument("environment", choices=NAMES)
    region = _matching("a region", r"[a-z]+(-[a-z]+)+-[0-9]+")
    verb.add_argument("--region", type=region, default="eu-central-1", help="of AWS (default: %(default)s)")
    if name in ("deploy", "rollback"):
        steps = STEPS if name == "deploy" else ("smoke",)
        verb.add_argument(
            "--skip", action="append", choices=steps, default=[], help="leave a step out; may be repeated"
        )
        verb.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
    if name == "deploy":
        verb.add_argument("--ami", default="", help="use this image instead of finding or building one")
        named = _matching("a release's name", r"[A-Za-z0-9.+-]*")
        words = "its name, where the image has no tag Release"
        verb.add_argument("--release", type=named, default="", help=words)
    if name == "history":
        number = _matching("a number of deploys", r"[1-9][0-9]*")
        verb.add_argument("--count", type=number, default="20", help="how many (default: %(default)s)")


def _matching(what: str, pattern: str) -> Callable[[str], str]:
    """For argparse: the word itself, refused where it cannot be meant."""

    def word(given: str) -> str:
        if not re.fullmatch(pattern, given):
            raise argparse.ArgumentTypeError(f"{given!r} is not {what}")
        return given

    return word


def main(arguments: list[str], shown: Shown | None = None, **wished: object) -> int:
    """The exit code. ``wished`` are fields of ``Wish``, for tests."""
    if arguments[:1] and arguments[0] in NAMES:
        arguments = ["deploy", *arguments]
    asked = parser().parse_args(arguments)
    environment = Environment(asked.environment, asked.region)
    with shown or shown_on() as shown:
        try:
            return _run(asked, environment, shown, wished)
        except outcomes.Ended as ended:
            shown.say(f"{ended.word.capitalize()}: {ended}" + (f"\n{ended.state}" if ended.state else ""))
            return ended.code
        except (BotoCoreError, ClientError) as error:
            shown.say(f"AWS: {error}\n" + how_things_are(environment))
            return outcomes.HALTED
        except KeyboardInterrupt:
            shown.say("Interrupted.\n" + how_things_are(environment))
            return outcomes.INTERRUPTED
        except Exception:  # Python's own code would be 1: rolled back
            shown.say(traceback.format_exc() + how_things_are(environment))
            return outcomes.HALTED


def _run(asked: argparse.Namespace, environment: Environment, shown: Shown, wished: dict[str, object]) -> int:
    named = {name: getattr(asked, name) for name in ("ami", "release") if hasattr(asked, name)}
    skip = frozenset(getattr(asked, "skip", ()))
    wish = Wish(environment, skip, **(named | wished))  # type: ignore[arg-type]
    if asked.verb in ("deploy", "rollback"):
        _move(asked, Deploy(wish, shown), shown)
    else:
        environment.identity()  # without credentials: refused
        _tell(asked, wish, shown)
    return outcomes.OK


def _tell(asked: argparse.Namespace, wish: Wish, shown: Shown) -> None:
    environment = wish.environment
    if asked.verb == "status":
        shown.say(situation(environment))
    elif asked.verb == "history":
        for record in records.latest(environment, int(asked.count)):
            shown.say(records.line(record))
    else:
        with Lock(environment, "prune of static files", wish.now) as lock:  # or a deploy begins to need some
            gone = static_files.prune(environment, state.named(environment), wish.now(), lock.check)
        shown.say(f"{len(gone)} static files deleted")


def _move(asked: argparse.Namespace, deploy: Deploy, shown: Shown) -> None:
    forward = asked.verb == "deploy"
    if asked.dry_run:
        for line in deploy.plan() if forward else deploy.plan_back():
            shown.say(line)
    elif forward:
        deploy.deploy()
    else:
        deploy.roll_back()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def entered(arguments: list[str]) -> int:
    """``main``'s code, never Python's own: 1 of a traceback would mean rolled back, 120 is a lost output."""
    try:
        return main(arguments)
    except KeyboardInterrupt:  # again, while how things are was being told
        return outcomes.INTERRUPTED
    except Exception:  # also when nobody listens any more: `| tee` ended
        with suppress(OSError):
            sys.stderr.write(f"{traceback.format_exc()}What runs is told by: python -m deploy status\n")
        return outcomes.HALTED
    finally:
        _let_go_of(sys.stdout)
        _let_go_of(sys.stderr)


def _let_go_of(out: TextIO) -> None:
    """What cannot be written any more goes nowhere, or Python changes the exit code at its end."""
    try:
        out.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


if __name__ == "__main__":
    # Told to end, a deploy says how things are, as at Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(entered(sys.argv[1:]))
