"""Debian and what it is set to."""

import os
import re
from pathlib import Path

from promises import PYTHON, UNITS, Problems, promise, run

SYSCTLS = {
    "net.core.somaxconn": 65535,
    "net.ipv4.tcp_max_syn_backlog": 65535,
    "fs.file-max": 1_000_000,
    "fs.nr_open": 1_000_000,
}


@promise("It is Debian 12 with Python 3.11")
def debian() -> Problems:
    if "VERSION_CODENAME=bookworm" not in Path("/etc/os-release").read_text():
        yield "/etc/os-release says something else"
    code, version = run(PYTHON, "--version")
    if code or not version.startswith("Python 3.11."):
        yield f"{PYTHON} says {version!r}"


@promise("Backups have mariadb-dump, mails and S3 have authorities to trust, windows have time zones")
def programs() -> Problems:
    needed = (
        "/usr/bin/mariadb-dump",
        "/usr/bin/mariadb",
        "/etc/ssl/certs/ca-certificates.crt",
        "/usr/share/zoneinfo/Europe/Berlin",
    )
    yield from (f"{name} is missing" for name in needed if not Path(name).exists())


@promise("The kernel is told to take thousands of connections at once")
def sysctls() -> Problems:
    text = "\n".join(path.read_text() for path in sorted(Path("/etc/sysctl.d").glob("*.conf")))
    for name, least in SYSCTLS.items():
        values = re.findall(rf"^-?{re.escape(name)}\s*=\s*(\d+)", text, re.MULTILINE)
        if not values or int(values[-1]) < least:
            yield f"{name} is {values[-1] if values else 'not set'}, at least {least} is promised"


@promise("The kernel has taken what it was told (in a container it is the host's)", booted=True)
def sysctls_taken() -> Problems:
    if run("systemd-detect-virt", "--container", "--quiet")[0] == 0:
        return
    for name, least in SYSCTLS.items():
        value = int(Path("/proc/sys", name.replace(".", "/")).read_text())
        if value < least:
            yield f"{name} is {value}"


@promise("The journal is bounded, in memory alone")
def journal() -> Problems:
    _, text = run("systemd-analyze", "cat-config", "systemd/journald.conf")
    settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    if settings.get("Storage") != "volatile":
        yield f"Storage is {settings.get('Storage', 'not set')}"
    if not re.fullmatch(r"\d+[KM]", settings.get("RuntimeMaxUse", "")):
        yield "RuntimeMaxUse does not bound it"


@promise("Sessions may open files enough")
def limits() -> Problems:
    text = "".join(path.read_text() for path in Path("/etc/security/limits.d").glob("*.conf"))
    if not re.search(r"^\*\s+hard\s+nofile\s+1048576$", text, re.MULTILINE):
        yield "no file in /etc/security/limits.d says so"


@promise("Nothing updates by itself: an instance is replaced by one of a newer image")
def no_updates() -> Problems:
    for unit in ("apt-daily.timer", "apt-daily-upgrade.timer"):
        if os.path.realpath(UNITS / unit) != "/dev/null":
            yield f"{unit} is not masked"
    if Path("/usr/bin/unattended-upgrade").exists():
        yield "unattended-upgrades is installed"
