"""The command line of a fleet: `manage.py simulate_fleet` and `python -m devices.simulation`.

Exit codes: 0 ended as asked, 2 bad arguments, 3 somebody could not connect, 4 somebody was dropped
early (with --strict).
"""

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from devices.simulation.hardware import BY_COMPATIBLE, CATALOGUE, Hardware

DESCRIPTION = (
    "Plays pretend OpenWiFi access points against an outpost. They know only what a device knows. "
    "Ends on SIGINT or SIGTERM, after --duration, or, with --strict, at the first alarm. "
    "Exit codes: 0 ended as asked, 2 bad arguments, 3 somebody could not connect, "
    "4 somebody was dropped early (with --strict)."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every option, in groups."""
    parser.add_argument(
        "--url", default="ws://127.0.0.1:15002/", type=_url, help="outpost (default %(default)s)"
    )
    _add_who(parser.add_argument_group("who they are"))
    _add_proof(parser.add_argument_group("how they prove it"))
    _add_habits(parser.add_argument_group("how they behave"))
    _add_network(parser.add_argument_group("how they connect"))
    _add_run(parser.add_argument_group("the run"))


def _add_who(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--count", type=_positive, default=25, help="how many (default %(default)s)")
    add(
        "--first-serial",
        type=serial_number,
        default="02ae51000001",
        help="the others follow (default %(default)s)",
    )
    add(
        "--serials-file",
        type=Path,
        help="instead: a file with a serial a line, optionally followed by a model",
    )
    add("--models", type=_models, default=CATALOGUE, help=f"comma list, of {', '.join(BY_COMPATIBLE)}")
    add("--clients", type=_seconds, default=4.0, help="mean Wi-Fi clients of each (default %(default)s)")
    add(
        "--state-dir", type=Path, help="keep what they store, so that a restarted simulator is the same fleet"
    )
    add("--seed", type=int, help="make the dice repeatable")


def _add_proof(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--ca", type=Path, help="certificates the outpost's must descend from (default: the system's)")
    add("--server-name", help="the name expected in the outpost's certificate (default: the URL's host)")
    add("--insecure", action="store_true", help="accept any certificate of the outpost")
    add("--cert-dir", type=Path, help="client certificates: <serial>.pem, or <serial>.crt and <serial>.key")
    add("--cert", type=Path, help="one client certificate for all")
    add("--key", type=Path, help="its key, when it is not in the same file")
    add("--auth", choices=("certificate", "key", "open"), help="what they show (default: what is given)")
    add("--key-file", type=Path, help="with --auth key: lines serial:key, sent as Authorization: Bearer key")


def _add_habits(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--interval", type=_seconds, help="seconds between states (default: as configured, else 60)")
    add(
        "--health-interval",
        type=_seconds,
        help="seconds between health checks (default: as configured, else 60)",
    )
    add(
        "--events-every",
        type=_seconds,
        default=30.0,
        help="seconds between looks at comings and goings; 0 never",
    )
    add(
        "--apply",
        type=_seconds,
        nargs=2,
        default=(0.05, 0.8),
        metavar=("MIN", "MAX"),
        help="seconds to apply",
    )
    add("--slow-share", type=_share, default=0.0, help="share of pushes that take --slow-seconds")
    add("--slow-seconds", type=_seconds, default=30.0, help="(default %(default)s)")
    add("--reject-share", type=_share, default=0.0, help="share of pushes applied with rejects, in words")
    add("--refuse-share", type=_share, default=0.0, help="share of pushes refused")
    add(
        "--upgrade-fail-share",
        type=_share,
        default=0.0,
        help="share of upgrades that come back on the old firmware",
    )
    add("--upgrade-silent-share", type=_share, default=0.0, help="share of upgrades that never come back")
    add(
        "--upgrade-stale-share",
        type=_share,
        default=0.0,
        help="share of upgrades after which the old firmware runs as if nothing had been",
    )
    add(
        "--upgrade-firmware",
        default="",
        help="what upgrades lead to (default: as the image says, else its file name)",
    )
    add("--download-seconds", type=_seconds, default=20.0, help="an upgrade's download (default %(default)s)")
    add("--boot-seconds", type=_seconds, default=30.0, help="a reboot (default %(default)s)")
    add("--pace", type=_seconds, default=1.0, help="scales the time commands, downloads and boots take")
    add("--repeat-states", type=_positive, default=1, help="send each state this many times: cheaper devices")


def _add_network(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--ramp",
        type=_seconds,
        default=200.0,
        help="first connects per second, 0 all at once (default %(default)s)",
    )
    add(
        "--reconnect",
        type=_seconds,
        default=1.0,
        help="scales the waiting before a redial (10 s after a loss)",
    )
    add(
        "--ping-idle",
        type=_seconds,
        default=60.0,
        help="seconds of silence before a ping (default %(default)s)",
    )
    add("--ping-hangup", type=_seconds, default=70.0, help="… and before hanging up (default %(default)s)")
    add(
        "--connect-limit", type=_seconds, default=60.0, help="seconds without connection that raise the alarm"
    )
    add("--early-seconds", type=_seconds, default=30.0, help="a session shorter than this was dropped early")
    add("--no-downloads", dest="downloads", action="store_false", help="go by the names of images alone")
    add("--no-uploads", dest="uploads", action="store_false", help="do not send recordings anywhere")
    add("--strict", action="store_true", help="end at the first alarm")


def _add_run(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--duration", type=_seconds, help="end after so many seconds")
    add(
        "--summary",
        type=_seconds,
        default=10.0,
        help="seconds between summary lines, 0 none (default %(default)s)",
    )
    add("--json", action="store_true", help="the last line is a JSON summary")


def serial_number(text: str) -> str:
    """Twelve lower-case hex digits, whatever the notation."""
    serial = text.strip().lower().replace(":", "").replace("-", "").replace(".", "")
    if len(serial) != 12 or not all(digit in "0123456789abcdef" for digit in serial):
        raise argparse.ArgumentTypeError(f"{text!r} is not a serial: twelve hex digits are")
    return serial


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is not a ws:// or wss:// address")
    return text


def _seconds(text: str) -> float:
    """A number of seconds, or anything else counted from 0 up."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 up")
    return number


def _share(text: str) -> float:
    number = _seconds(text)
    if number > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to 1")
    return number


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _models(text: str) -> tuple[Hardware, ...]:
    return tuple(model(name.strip()) for name in text.split(","))


def model(name: str) -> Hardware:
    if name not in BY_COMPATIBLE:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(BY_COMPATIBLE)}")
    return BY_COMPATIBLE[name]
