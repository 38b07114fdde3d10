"""Which unit may know which variable, and the environment files made of it. Pure.

Every kind of unit has an allow-list: what is on none of them reaches nobody. What a role's processes
do not use, they do not know, so that a broken-into outpost holds no key of the database.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from instance.settings import Settings, SettingsInvalid, seconds
from instance.user_data import Assignment

# Units of each role, by kind: a kind is one environment file and one user.
KINDS = {
    "console": ("console", "scheduler"),
    "worker": ("worker", "scheduler"),
    "utility": ("worker",),
    "outpost": ("outpost",),
}
# The secrets of Secrets Manager each role is given: aerie/<environment>/<name>.
SECRETS = {"console": "app", "worker": "app", "utility": "app", "outpost": "outpost"}

_SENTRY = {"SENTRY_DSN", "SENTRY_ENVIRONMENT"}
# The metadata service hands out the credentials of the instance; boto3 alone asks it once, for a second.
METADATA = {"AWS_METADATA_SERVICE_TIMEOUT": "5", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "4"}
_AWS = {"AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AERIE_RELEASE", *METADATA}
# What the console's settings, which workers and the scheduler read too, insist upon in production.
_NEEDED = {
    "SECRET_KEY",
    "FIELD_ENCRYPTION_KEYS",
    "OUTPOST_STORE_KEYS",
    "CONSOLE_PUBLIC_URL",
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "REDIS_URL",
    "LIVE_STORE_URL",
    "STORAGE_URL",
    "EMAIL_URL",
}
_SETTINGS = _AWS | _NEEDED
_SETTINGS |= {"AERIE_ENV", "LOG_LEVEL", "TRUSTED_PROXIES", "STATIC_URL", "SLOW_QUERY_SECONDS", *_SENTRY}
_SETTINGS |= {"DATABASE_TLS_CA"}
_PRODUCT = {
    "DATABASE_REPLICA_URL",
    "DATABASE_REPLICA_MAX_LAG",
    "CLOUDFRONT_DOMAIN",
    "CLOUDFRONT_KEY_ID",
    "CLOUDFRONT_KEY",
    "FIRMWARE_PUBLIC_KEYS",
    "OUTPOST_PUBLIC_URL",
    "OUTPOST_DEVICE_KEY_SECRETS",
    "DEFAULT_FROM_EMAIL",
    "OPERATORS_EMAIL",
    "EVENTS_DAYS",
    "USAGE_FINE_DAYS",
    "USAGE_HOURLY_DAYS",
    "COMMANDS_DAYS",
    "ALERTS_DAYS",
    "ROLLOUTS_DAYS",
    "INVITATIONS_DAYS",
}
_BROWSER = {
    "DATABASE_IDLE_SECONDS",
    "METRICS_TOKEN",
    "CSRF_TRUSTED_ORIGINS",
    "SECURE_SSL_REDIRECT",
    "PROFILE_REQUESTS",
    "CONSOLE_WORKERS",
    "CONSOLE_THREADS",
    "CONSOLE_MAX_REQUESTS",
    "CONSOLE_STUCK_SECONDS",
}
_BACKUPS = {"BACKUP_KEYS", "BACKUP_KEEP_DAILY", "BACKUP_KEEP_WEEKLY", "BACKUP_KEEP_MONTHLY"}
_OUTPOST = {
    "OUTPOST_STORE",
    "OUTPOST_STORE_KEYS",
    "OUTPOST_DEVICE_KEY_SECRETS",
    "OUTPOST_WORKERS",
    "OUTPOST_DRAIN_GRACE_SECONDS",
    "OUTPOST_DRAIN_SECONDS",
    "OUTPOST_STUCK_SECONDS",
    "OUTPOST_DEVICE_AUTH",
    "OUTPOST_LOG_LEVEL",
    "OUTPOST_TLS_CERT",
    "OUTPOST_TLS_KEY",
    "OUTPOST_CLIENT_CA",
    *_SENTRY,
}
_AGENT = {"METRICS_TOKEN", "DRAIN_SECONDS"}

MAY_KNOW: dict[str, frozenset[str]] = {
    # Whether backups are made is told at the console; the keys alone say so.
    "console": frozenset(_SETTINGS | _PRODUCT | _BROWSER | _BACKUPS),
    "worker": frozenset(_SETTINGS | _PRODUCT | _BACKUPS | {"WORKER_GRACE_SECONDS"}),
    # The metronome beats; it opens nothing, signs nothing and asks no replica.
    "scheduler": frozenset(_SETTINGS),
    "outpost": frozenset(_AWS | _OUTPOST),
    "agent": frozenset(_AWS | _AGENT),
}
MUST_KNOW: dict[str, frozenset[str]] = {
    "console": frozenset(_NEEDED),
    "worker": frozenset(_NEEDED),
    "scheduler": frozenset(_NEEDED),
    "outpost": frozenset({"OUTPOST_STORE", "OUTPOST_STORE_KEYS"}),
    "agent": frozenset(),
}
# PEM texts of the outpost's secret: the file each becomes, and the variable that names it.
PEM_FILES = {
    "OUTPOST_TLS_CERT_PEM": ("cert.pem", "OUTPOST_TLS_CERT"),
    "OUTPOST_TLS_KEY_PEM": ("key.pem", "OUTPOST_TLS_KEY"),
    "OUTPOST_CLIENT_CA_PEM": ("client-ca.pem", "OUTPOST_CLIENT_CA"),
}
_NAME = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
# systemd takes no NUL, half pair or "noncharacter" of Unicode: it leaves the variable out and logs its value.
_NO_TEXT = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
_FITS = re.compile(f"[^\0\ud800-\udfff\ufdd0-\ufdef{_NO_TEXT}]*")
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$", "`": "\\`"})


class EnvironmentIncomplete(ValueError):
    """Something is missing or cannot be written; ``problems`` names variables, never their values."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Sources:
    """What the stores of parameters and secrets told. Never shown: it is full of secrets."""

    common: Mapping[str, str]  # /aerie/<environment>/environment/…
    roles: Mapping[str, Mapping[str, str]]  # /aerie/<environment>/roles/<role>/…
    secrets: Mapping[str, Mapping[str, str]]  # app, outpost

    def __repr__(self) -> str:
        return "Sources(…)"


def split(assignment: Assignment, sources: Sources, here: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The variables of each kind of unit this instance has, and of the agent.

    ``here`` holds what this instance itself knows, over everything else. Raises
    ``EnvironmentIncomplete`` with everything that is missing, wrong, or said twice and differently.
    """
    told = {kind: _told(assignment, sources, kind) | here for kind in kinds(assignment)}
    files = {kind: _allowed(kind, variables) for kind, variables in told.items()}
    problems = [line for kind in files for line in _missing(kind, files[kind])]
    problems += [line for kind in files for line in _contradictions(kind, assignment, sources)]
    problems += [line for kind in files for line in _unwritable(files[kind])]
    problems += _no_number(files["agent"])
    if problems:
        raise EnvironmentIncomplete(list(dict.fromkeys(problems)))
    return files


def kinds(assignment: Assignment) -> list[str]:
    """Kinds of units of these roles; the agent is on every instance."""
    found = [kind for role in assignment.roles for kind in KINDS[role]]
    return list(dict.fromkeys([*found, "agent"]))


def pem_files(sources: Sources) -> dict[str, str]:
    """File name to text, of what the outpost's secret holds. Raises ``EnvironmentIncomplete``."""
    secret = sources.secrets.get("outpost", {})
    files = {name: secret[variable] for variable, (name, _) in PEM_FILES.items() if secret.get(variable)}
    wrong = [v for v, (name, _) in PEM_FILES.items() if name in files and "-----BEGIN" not in files[name]]
    if wrong:
        raise EnvironmentIncomplete([f"{variable} is not PEM" for variable in wrong])
    # A secret pasted on one line has its line ends written as \n.
    return {name: text.replace("\\n", "\n").strip() + "\n" for name, text in files.items()}


def nobody_knows(assignment: Assignment, sources: Sources) -> list[str]:
    """Names that were told and are on no allow-list at all: a misspelling, or newer than this release."""
    known = frozenset().union(*MAY_KNOW.values()) | set(PEM_FILES)
    told = [sources.common, *sources.roles.values(), *sources.secrets.values()]
    return sorted({name for variables in told for name in variables} - known)


def render(variables: Mapping[str, str]) -> str:
    """An EnvironmentFile (systemd.exec(5)): each value in double quotes, which may span lines."""
    lines = [f'{name}="{value.translate(_QUOTED)}"\n' for name, value in sorted(variables.items())]
    return "".join(lines)


def _told(assignment: Assignment, sources: Sources, kind: str) -> dict[str, str]:
    """What all are told, then this kind's roles; secrets last: no parameter stands in for one."""
    roles = _sharing(assignment, kind)
    told = dict(sources.common)
    for role in roles:
        told |= sources.roles.get(role, {})
    for role in roles:
        told |= sources.secrets.get(SECRETS[role], {})
    return told


def _sharing(assignment: Assignment, kind: str) -> list[str]:
    """Roles of this instance whose units read this kind's file."""
    return [role for role in assignment.roles if kind == "agent" or kind in KINDS[role]]


def _allowed(kind: str, variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name in MAY_KNOW[kind]}


def _missing(kind: str, variables: Mapping[str, str]) -> list[str]:
    missing = sorted(name for name in MUST_KNOW[kind] if not variables.get(name))
    return [f"the {kind} needs {', '.join(missing)}"] if missing else []


def _contradictions(kind: str, assignment: Assignment, sources: Sources) -> list[str]:
    """Two roles with one environment file between them cannot want different values in it."""
    sharing = [_allowed(kind, sources.roles.get(role, {})) for role in _sharing(assignment, kind)]
    names = {name for variables in sharing for name in variables}
    differ = [name for name in sorted(names) if len({told[name] for told in sharing if name in told}) > 1]
    return [f"{name} differs between the roles of this instance" for name in differ]


def _no_number(agent: Mapping[str, str]) -> Iterable[str]:
    """Known now, not when the instance shall drain and its agent cannot start for it."""
    try:
        seconds("DRAIN_SECONDS", agent.get("DRAIN_SECONDS", ""), Settings.drain_seconds)
    except SettingsInvalid as error:
        yield str(error)


def _unwritable(variables: Mapping[str, str]) -> Iterable[str]:
    for name, value in variables.items():
        if not _NAME.fullmatch(name):
            yield f"{name!r} is no name of a variable"
        if not _FITS.fullmatch(value):
            yield f"{name} holds what no environment can"
