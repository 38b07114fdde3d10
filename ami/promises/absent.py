"""Who may enter, and what is not in an image: sshd, compilers, secrets, anything unique."""

import grp
import os
import pwd
import re
import stat
from pathlib import Path

from promises import UNITS, VENV, Problems, files, promise, run

USERS = ("aerie-console", "aerie-worker", "aerie-scheduler", "aerie-outpost", "aerie-agent")
COMPILERS = ("cc", "gcc", "g++", "c99", "clang", "tcc", "as", "ld", "make", "cmake", "rustc", "go", "cpp")
COMPILER_PACKAGES = re.compile(
    r"^(gcc|g\+\+|clang|binutils|make|build-essential|(libpython|python)3[\d.]*-dev|libc6-dev)(-\d+)?$"
)
# Debian's own programs that need it. Another one is a way to become root that nobody meant.
SETUID = {
    "chfn",
    "chsh",
    "gpasswd",
    "mount",
    "newgrp",
    "passwd",
    "su",
    "sudo",
    "umount",
    "ssh-keysign",
    "unix_chkpwd",
    "ssh-agent",
}
SETUID |= {
    "dbus-daemon-launch-helper",
    "chage",
    "expiry",
    "wall",
    "write",
    "crontab",
    "fusermount3",
    "polkit-agent-helper-1",
    "pkexec",
}
SECRETS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}"),
    "an AWS access key": re.compile(rb"\b(AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z2-7]{16}\b"),
    "an AWS secret": re.compile(rb"(?i)aws_secret_access_key\s*[=:]\s*['\"]?[A-Za-z0-9/+]{40}\b"),
}
SECRET_NAMES = {
    ".env",
    ".netrc",
    ".pgpass",
    ".my.cnf",
    "credentials",
    "id_rsa",
    "id_ed25519",
    "authorized_keys",
    "pip.conf",
}
EMPTIED = (
    *("/var/log", "/var/lib/apt/lists", "/var/cache/apt/archives", "/var/tmp", "/root/.cache"),  # noqa: S108
    "/var/lib/amazon/ssm",  # which instance its agent was on
)
LARGEST = 4_000_000  # bytes of a file that are looked through


@promise("Each kind of process has its own user, without shell, home or password")
def users() -> Problems:
    shadow = dict(line.split(":")[:2] for line in Path("/etc/shadow").read_text().splitlines())
    for name in USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            yield f"there is no user {name}"
            continue
        if not user.pw_shell.endswith("nologin") or Path(user.pw_dir).parts[:2] == ("/", "home"):
            yield f"{name} has the shell {user.pw_shell} and the home {user.pw_dir}"
        if not shadow[name].startswith(("!", "*")) or not 0 < user.pw_uid < 1000:
            yield f"{name} can sign in, or is no system user"


@promise("Nobody can sign in by a password, and no key is let in")
def logins() -> Problems:
    for line in Path("/etc/shadow").read_text().splitlines():
        name, password = line.split(":")[:2]
        if not password.startswith(("!", "*")):
            yield f"{name} has a password"
    for home in [Path("/root"), *Path("/home").glob("*")]:
        # systemd makes root's at each boot (tmpfiles.d/provision.conf), and puts nothing into it.
        yield from (f"{file} is left" for file in (home / ".ssh").glob("*"))
    for group in ("sudo", "wheel"):
        if (members := _members(group)) - {"admin"}:
            yield f"{', '.join(sorted(members))} may become root"


def _members(group: str) -> set[str]:
    try:
        return set(grp.getgrnam(group).gr_mem)
    except KeyError:
        return set()


@promise("No ssh server runs, and no host key is in the image")
def no_ssh() -> Problems:
    for unit in ("ssh.service", "ssh.socket"):
        if Path("/lib/systemd/system", unit).exists() and os.path.realpath(UNITS / unit) != "/dev/null":
            yield f"{unit} is not masked"
    yield from (f"{key} is left" for key in Path("/etc/ssh").glob("ssh_host_*"))


@promise("There is no compiler, no header of one, and no pip to install packages with")
def no_compiler() -> Problems:
    for directory in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/lib/gcc", VENV / "bin"):
        yield from (f"{directory}/{name} is there" for name in COMPILERS if Path(directory, name).exists())
    _, packages = run("dpkg-query", "--show", "--showformat=${db:Status-Abbrev} ${Package}\n")
    installed = [line.split()[1] for line in packages.splitlines() if line.startswith("ii")]
    yield from (f"the package {name} is installed" for name in installed if COMPILER_PACKAGES.match(name))
    yield from (f"{path} is there" for path in VENV.glob("lib/python*/site-packages/pip"))


@promise("Nothing secret is in the image: no private key, no AWS key, no .env", booted=False)
def no_secrets() -> Problems:
    for path in files("/opt", "/etc", "/root", "/home", "/srv", "/var", "/usr/local"):
        if path.is_symlink() or not path.is_file():
            continue
        if path.name in SECRET_NAMES and VENV not in path.parents:
            yield f"{path} is there"
        content = path.read_bytes()[:LARGEST]
        yield from (f"{path} holds {kind}" for kind, pattern in SECRETS.items() if pattern.search(content))


@promise(
    "Nothing is unique: no machine-id, no random seed, no instance of cloud-init, no log, no cache",
    booted=False,
)
def nothing_unique() -> Problems:
    if Path("/etc/machine-id").read_text().strip():
        yield "/etc/machine-id is written"
    for name in (
        "/var/lib/dbus/machine-id",
        "/var/lib/systemd/random-seed",
        "/var/lib/cloud/instance",
        "/usr/sbin/policy-rc.d",
    ):
        if os.path.lexists(name) and not os.path.islink("/var/lib/dbus/machine-id"):
            yield f"{name} is left"
    for place in EMPTIED:
        yield from (
            f"{path} is left" for path in files(place) if path.name != "lock" and not path.is_symlink()
        )


@promise("No way of the build's to packages is left: no proxy, no index")
def no_proxies() -> Problems:
    for path in [*files("/etc/apt"), Path("/etc/environment"), Path("/etc/pip.conf")]:
        if path.is_file() and re.search(rb"(?i)proxy|index-url|find-links", path.read_bytes()):
            yield f"{path} names one"


@promise("Nothing anywhere is writable for everybody, and only Debian's own programs become root")
def no_wide_open_files() -> Problems:
    for path in files("/usr", "/etc", "/opt", "/var", "/srv", "/root", "/home"):
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            continue
        if mode & 0o002:
            yield f"{path} is writable for everybody"
        if mode & (stat.S_ISUID | stat.S_ISGID) and path.name not in SETUID:
            yield f"{path} runs as somebody else"
