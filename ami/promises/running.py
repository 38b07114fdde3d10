"""What only a running instance can keep."""

import re
from pathlib import Path

from promises import ENABLED, TARGETS, Problems, promise, run


@promise("It booted by itself: nothing failed, and its roles are up", booted=True)
def booted_well() -> Problems:
    _, failed = run("systemctl", "list-units", "--failed", "--plain", "--no-legend")
    yield from (f"{line.split()[0]} failed" for line in failed.splitlines() if line.strip())
    for name in ENABLED:
        if (state := run("systemctl", "is-active", name)[1]) != "active":
            yield f"{name} is {state}"
    if not any(run("systemctl", "is-active", "--quiet", name)[0] == 0 for name in TARGETS):
        yield "no role's target is active"


@promise("What it was told at boot is in memory, each file for root alone", booted=True)
def environments() -> Problems:
    directory = Path("/run/aerie/environment")
    if not directory.is_dir() or not any(directory.iterdir()):
        yield f"{directory} is empty"
        return
    if run("stat", "--file-system", "--format=%T", directory)[1] != "tmpfs":
        yield f"{directory} is not in memory"
    for path in (directory, *directory.iterdir()):
        if path.stat().st_uid or path.stat().st_mode & 0o077:
            yield f"{path} can be read by others"


@promise("Nobody listens where ssh would", booted=True)
def no_listening_ssh() -> Problems:
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    if any(re.search(r":0016 [0-9A-F]+:0000 0A", table.read_text()) for table in tables if table.exists()):
        yield "port 22 is open"
