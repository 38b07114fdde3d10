"""``python -m instance VERB``: what an instance does for itself; each verb is a unit of systemd's."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable
from functools import partial

from botocore.exceptions import BotoCoreError

from instance import boot, drain, lifecycle, logs, metrics, settings
from instance.certificates import CertificateInvalid
from instance.environment import EnvironmentIncomplete
from instance.imds import ImdsAway
from instance.parameters import SecretInvalid, StoresAway
from instance.settings import Settings, SettingsInvalid
from instance.systemd import SystemdRefused
from instance.user_data import UserDataInvalid

# No trying again mends these: the unit fails, and what it said is in the log.
WRONG = (UserDataInvalid, EnvironmentIncomplete, SecretInvalid, CertificateInvalid, SettingsInvalid)
AWAY = (ImdsAway, StoresAway, SystemdRefused, BotoCoreError)
VERBS: dict[str, tuple[Callable[[Settings], None], str]] = {
    "boot": (
        boot.run,
        "Read user data, parameters and secrets; write the units' environment; start the roles",
    ),
    "refresh": (boot.refresh, "Take over new certificates and, for units that start later, new variables"),
    "lifecycle": (
        lifecycle.run,
        "Tell the group when ready; start the drain when it is time to go",
    ),
    "drain": (drain.run, "End well: readiness red, wait for the balancer, stop the units, tell the group"),
    "logs": (logs.run, "Ship the journal to CloudWatch Logs"),
    "metrics": (metrics.run, "Put this instance's figures into CloudWatch, each minute"),
}


class JsonLines(logging.Formatter):
    """One object a line, as everything of ours logs."""

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {
            "timestamp": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def main(arguments: list[str] | None = None) -> int:
    """0 done, 1 something is away (the unit is started again), 2 something is wrong."""
    given = _parser().parse_args(arguments)
    _write_json_lines()
    verb = VERBS[given.verb][0]
    if given.verb == "drain":
        verb = partial(drain.run, leave_units=given.leave_units)
    log = logging.getLogger("instance")
    try:
        verb(settings.read())
    except WRONG as error:
        log.error("%s cannot: %s", given.verb, error)
        return 2
    except AWAY as error:
        log.error("%s failed: %s", given.verb, error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m instance", description=__doc__.partition(":")[2].strip())
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (_, words) in VERBS.items():
        verb = verbs.add_parser(name, help=words, description=words)
        if name == "drain":
            verb.add_argument(
                "--leave-units", action="store_true", help="systemd stops them itself: it is shutting down"
            )
    return parser


def _write_json_lines() -> None:
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[stream], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
