"""Aerie itself: release, tree, packages, static files, rights."""

import base64
import json
import re
from datetime import datetime
from pathlib import Path

from promises import AERIE, APP, PYTHON, STATIC, VENV, Problems, promise, run, sha256

PRELOAD = "(security.W021)"  # being on browsers' own lists is for the owner of the domain to decide
MADE_UP = Path(__file__).with_name("made-up-environment.sh")


@promise("release.json says which release, commit, time and wheels these are")
def release() -> Problems:
    try:
        told = json.loads((AERIE / "release.json").read_text())
        datetime.fromisoformat(told["built_at"])
        if not re.fullmatch(r"[\w.+-]+", told["release"]) or not re.fullmatch(
            r"[0-9a-f]{40}", told["commit"]
        ):
            yield f"release or commit make no sense: {told}"
        if told["wheels"] != sha256(AERIE / "wheels.lock"):
            yield "wheels.lock is not the one it tells"
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"{type(error).__name__}: {error}"


@promise("The tree is whole, and holds only what an instance needs")
def tree() -> Problems:
    rooms = (
        "manage.py",
        "accounts",
        "devices",
        "jobs",
        "console/wsgi.py",
        "outpost/__main__.py",
        "instance/__main__.py",
    )
    yield from (f"{name} is missing" for name in rooms if not (APP / name).exists())
    yield from (
        f"{name} is there"
        for name in ("tests", ".git", "terraform", "deploy", "node_modules")
        if (APP / name).exists()
    )


@promise("Every package is the locked one, and each of its files still has the hash its wheel told")
def packages() -> Problems:
    lock = dict(
        re.findall(
            r"^(\S+)==(\S+) --hash=sha256:[0-9a-f]{64}$", (AERIE / "wheels.lock").read_text(), re.MULTILINE
        )
    )
    found = {}
    for record in VENV.glob("lib/python3*/site-packages/*.dist-info/RECORD"):
        name, version = record.parent.name.removesuffix(".dist-info").rsplit("-", 1)
        found[re.sub(r"[-_.]+", "-", name).lower()] = version
        yield from _changed(record)
    for name in sorted(lock.keys() | found.keys()):
        if lock.get(name) != found.get(name):
            yield f"{name} is {found.get(name, 'missing')}, locked is {lock.get(name, 'none')}"


def _changed(record: Path) -> Problems:
    for line in record.read_text().splitlines():
        name, _, rest = line.rpartition(",")[0].rpartition(",")
        path = record.parent.parent / name.strip('"')
        # A script's first line is the venv's own: pip wrote it, and its hash, at installation.
        if rest.startswith("sha256="):
            if not path.is_file():
                yield f"{path} is missing"
            elif base64.urlsafe_b64encode(bytes.fromhex(sha256(path))).decode().rstrip("=") != rest[7:]:
                yield f"{path} was changed"


IMPORTS = """
import importlib, importlib.metadata, django
django.setup()
for dist in importlib.metadata.distributions():
    found = [f for f in dist.files or () if f.suffix in (".py", ".so") and ".." not in f.parts]
    for top in sorted({f.parts[0].split(".")[0] for f in found}):
        if top.isidentifier() and not top.startswith("_") and top not in ("tests", "test"):
            try:
                importlib.import_module(top)
            except Exception as error:
                print(f"{dist.name}: import {top}: {type(error).__name__}: {error}")
    if not found:
        print(f"{dist.name} has no module")
import MySQLdb._mysql, hiredis, uvloop, picows
"""


@promise("Python imports every production requirement, the MySQL client included")
def imports() -> Problems:
    code, said = _in_production(PYTHON, "-B", "-W", "ignore", "-c", IMPORTS)
    yield from said.splitlines()
    if code and not said:
        yield f"python leaves with {code}"


@promise("Django's own check for production has nothing to say, with settings made up on the spot")
def django() -> Problems:
    code, said = _in_production(PYTHON, "-B", "manage.py", "check", "--deploy", "--fail-level", "CRITICAL")
    warnings = [line for line in said.splitlines() if re.match(r"\S+: \(", line) and PRELOAD not in line]
    yield from warnings
    if code and not warnings:
        yield said[-600:]


def _in_production(*command: str | Path) -> tuple[int, str]:
    """As in production, with settings that reach no server, made up by the file beside this one."""
    script = f'export DJANGO_SETTINGS_MODULE=console.settings; . {MADE_UP} && exec "$@"'
    return run("bash", "-a", "-c", script, "-", *command, cwd=APP)


@promise("The outpost and the instance's own programs start")
def programs_start() -> Problems:
    for module in ("outpost.supervisor, outpost.tls, outpost.__main__", "instance.__main__"):
        code, said = run(PYTHON, "-B", "-c", f"import {module}", cwd=APP)
        if code:
            yield f"{module}: {said[-300:]}"


@promise("Static files are collected, each under its hashed name as the manifest tells")
def static() -> Problems:
    try:
        paths = json.loads((STATIC / "staticfiles.json").read_text())["paths"]
    except (OSError, ValueError, KeyError) as error:
        yield f"staticfiles.json: {error}"
        return
    if len(paths) < 10:
        yield f"only {len(paths)} files are collected"
    yield from (f"{name} is missing" for name in paths.values() if not (STATIC / name).is_file())


@promise("Aerie's files belong to root, and those who run them cannot change them")
def permissions() -> Problems:
    for path in (AERIE, *AERIE.rglob("*")):
        status = path.lstat()
        if status.st_uid or status.st_gid:
            yield f"{path} belongs to {status.st_uid}:{status.st_gid}"
        elif not path.is_symlink() and status.st_mode & 0o022:
            yield f"{path} is writable for others"
        elif not path.is_symlink() and not status.st_mode & 0o004:
            yield f"{path} cannot be read by those who run it"
