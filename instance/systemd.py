"""systemd as the instance's own programs use it: the units of its roles, how they are, start and stop."""

import subprocess
from collections.abc import Iterable, Sequence

UNITS = {
    "console": ("console.socket", "console.service", "scheduler.service"),
    "worker": ("worker@critical.service", "worker@default.service", "facts.service", "scheduler.service"),
    "utility": ("worker@reports.service",),
    "outpost": ("outpost@15002.service",),
}
SYSTEMCTL = "/usr/bin/systemctl"
QUICK = 30.0  # seconds for a question, or a job that is not waited for


class SystemdRefused(Exception):
    """systemctl failed; the message is its own words."""


def units(roles: Iterable[str]) -> list[str]:
    """Every unit of the product on an instance of these roles; a socket before its service."""
    return list(dict.fromkeys(unit for role in roles for unit in UNITS[role]))


def targets(roles: Iterable[str]) -> list[str]:
    return [f"aerie-{role}.target" for role in roles]


def start(names: Sequence[str]) -> None:
    """Ask for them to be started, without waiting. Raises ``SystemdRefused``."""
    _run(["start", "--no-block", *names])


def reload(names: Sequence[str]) -> None:
    """Tell those that run to read their certificates again. Raises ``SystemdRefused``."""
    _run(["try-reload-or-restart", *names])


def stopping(names: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Stop them all together; the process ends when they have ended."""
    return subprocess.Popen([SYSTEMCTL, "stop", *names], stdin=subprocess.DEVNULL)  # noqa: S603


def show(names: Iterable[str], *properties: str) -> dict[str, dict[str, str]]:
    """Unit to property to value. Raises ``SystemdRefused``."""
    wanted = list(names)
    text = _run(["show", "--property", ",".join(["Id", *properties]), *wanted])
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return {block.pop("Id"): block for block in blocks if "Id" in block}


def _run(words: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            [SYSTEMCTL, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=QUICK
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SystemdRefused(f"systemctl {words[0]}: {error}") from None
    if done.returncode:
        raise SystemdRefused(f"systemctl {words[0]}: {done.stderr.strip()[:500]}")
    return done.stdout
