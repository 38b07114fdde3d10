"""What an instance is told at its start, none of it secret: its roles, environment, region and release.

The first line is ``#cloud-config``, as tools around EC2 expect; the rest is one JSON object (which is
YAML too). Pure: text in, ``Assignment`` out.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

FIRST_LINE = "#cloud-config"
ROLES = ("console", "worker", "utility", "outpost")
LONGEST = 16_384  # bytes: EC2's limit
_NEEDED = ("roles", "environment", "region", "release")
_KNOWN = {*_NEEDED, "endpoint_url", "hold"}
_SHAPES = {
    "environment": (r"[a-z][a-z0-9-]{0,31}", "small letters, digits and dashes, at most 32"),
    "region": (r"[a-z]{2}(-[a-z]+)+-\d{1,2}", "an AWS region such as eu-central-1"),
    "release": (r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", "a version such as 0.2.0"),
}


class UserDataInvalid(ValueError):
    """``problems`` says in words what is wrong, one line each. Quotes nothing that could be a secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The user data cannot be used: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Assignment:
    """What this instance is to be."""

    roles: tuple[str, ...]
    environment: str
    region: str
    release: str
    endpoint_url: str = ""
    # Know everything and start nothing: what a deploy runs the new release's migrations on.
    hold: bool = False
    # What a newer Terraform may tell an older release after a rollback: told of, and left alone.
    unknown: tuple[str, ...] = ()


def parse(text: str) -> Assignment:
    """Raises ``UserDataInvalid`` with everything that is wrong at once."""
    given = _aerie(text)
    problems = [f"{name} is missing" for name in _NEEDED if name not in given]
    problems += _wrong_roles(given["roles"]) if "roles" in given else []
    problems += [line for name in _SHAPES if name in given for line in _wrong_shape(name, given[name])]
    problems += _wrong_endpoint(given.get("endpoint_url", ""))
    problems += [] if isinstance(given.get("hold", False), bool) else ["hold is neither true nor false"]
    if problems:
        raise UserDataInvalid(problems)
    known = {name: given[name] for name in _KNOWN if name in given}
    unknown = tuple(sorted(set(given) - _KNOWN))
    return Assignment(**(known | {"roles": tuple(given["roles"])}), unknown=unknown)


def _aerie(text: str) -> dict[str, Any]:
    """The object under "aerie"."""
    if len(text.encode(errors="replace")) > LONGEST:
        raise UserDataInvalid([f"it is longer than the {LONGEST} bytes of EC2"])
    first, _, rest = text.partition("\n")
    if first.rstrip() != FIRST_LINE:
        raise UserDataInvalid([f"its first line is not {FIRST_LINE}" if text.strip() else "there is none"])
    try:
        found = json.loads(rest, object_pairs_hook=_once)
    except UserDataInvalid:
        raise
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise UserDataInvalid([f"what follows {FIRST_LINE} is not JSON{where}"]) from None
    if not isinstance(found, dict) or not isinstance(found.get("aerie"), dict):
        raise UserDataInvalid(['it is not an object {"aerie": {…}}'])
    return found["aerie"]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name that is there twice could be read two ways."""
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserDataInvalid([f"{name!r} is there twice" for name in twice])
    return dict(pairs)


def _wrong_roles(roles: Any) -> list[str]:
    if not isinstance(roles, list) or not roles or not all(isinstance(role, str) for role in roles):
        return [f"roles is not a list of {', '.join(ROLES)}"]
    problems = [
        f"there is no role {role!r}; there are {', '.join(ROLES)}" for role in roles if role not in ROLES
    ]
    return problems + (["a role is there twice"] if len(set(roles)) < len(roles) else [])


def _wrong_shape(name: str, value: Any) -> list[str]:
    pattern, words = _SHAPES[name]
    fits = isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII)
    return [] if fits else [f"{name} is not {words}"]


def _wrong_endpoint(value: Any) -> list[str]:
    """Empty is AWS itself."""
    if value == "":
        return []
    problem = ["endpoint_url is not an address such as http://10.0.0.1:5555"]
    if not isinstance(value, str) or re.search(r"[\s\x00-\x1f\x7f]", value):
        return problem
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return problem
    if parts.username or parts.password:
        return ["endpoint_url holds a name or password, and user data is no place for one"]
    return [] if usable else problem
