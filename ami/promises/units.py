"""The units of every role."""

import re
from pathlib import Path

from promises import ENABLED, TARGETS, UNITS, Problems, promise, run

SERVICES = (
    *("console.service", "worker@.service", "facts.service", "scheduler.service", "outpost@.service"),
    *("aerie-boot.service", "aerie-lifecycle.service", "aerie-logs.service", "aerie-metrics.service"),
    *("aerie-refresh.service", "aerie-drain.service", "aerie-farewell.service"),
)
# systemd's own figure, 0 (safe) to 100, from what a unit may do: 30 is "OK" with room for what ours need.
EXPOSURE = 30


@promise("Every unit of every role is there, and what boots an instance is enabled")
def units() -> Problems:
    yield from (
        f"{name} is missing"
        for name in (*SERVICES, *TARGETS, "console.socket")
        if not (UNITS / name).is_file()
    )
    for name in ENABLED:
        if run("systemctl", "is-enabled", name)[1] != "enabled":
            yield f"{name} is not enabled"
    for name in ("console.service", "worker@.service", "outpost@.service", *TARGETS):
        if "[Install]" in _text(UNITS / name):
            yield f"{name} could start by itself: its role decides"


@promise("systemd has nothing to say against them")
def units_verified() -> Problems:
    names = [name.replace("@.", "@15002.") for name in (*SERVICES, *TARGETS) if (UNITS / name).is_file()]
    code, said = run("systemd-analyze", "verify", "--recursive-errors=no", *names)
    if code or said:
        yield said or f"systemd-analyze verify leaves with {code}"


@promise(f"No service may do much: systemd rates each below {EXPOSURE / 10} of 10")
def units_hardened() -> Problems:
    for name in SERVICES:
        path = UNITS / name
        if path.is_file():
            code, said = run(
                "systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE}", "--no-pager", path
            )
            if code:
                yield f"{name}: {said.splitlines()[-1].strip('→ ') if said else code}"


@promise("Services that hold connections may open files enough, and every one comes back")
def units_lasting() -> Problems:
    for name in (
        "console.service",
        "worker@.service",
        "facts.service",
        "scheduler.service",
        "outpost@.service",
    ):
        text = _text(UNITS / name)
        if "\nRestart=always" not in text:
            yield f"{name} is not restarted always"
        if not re.search(r"^User=aerie-", text, re.MULTILINE):
            yield f"{name} has no user of its own"
    if not re.search(r"^LimitNOFILE=1048576", _text(UNITS / "outpost@.service"), re.MULTILINE):
        yield "outpost@.service has too few open files"


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""
