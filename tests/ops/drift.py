"""What a plan would change although nothing was changed: only what ``drift.toml`` says of the local AWS."""

import re
import tomllib
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
Drifted = tuple[str, str, str]  # state, address, attribute
ALLOWED: list[Entry] = tomllib.loads((Path(__file__).parent / "drift.toml").read_text())["drift"]


def drifted(state: str, changes: list[dict[str, Any]]) -> list[Drifted]:
    """Everything that a plan with these ``resource_changes`` would set to something else."""
    return [
        (state, change["address"], attribute)
        for change in changes
        for attribute in _changed(change["change"])
    ]


def forbidden(found: list[Drifted]) -> list[Drifted]:
    return [one for one in found if not any(_allows(entry, *one) for entry in ALLOWED)]


def never(found: list[Drifted]) -> list[tuple[str, str]]:
    """Resource and attribute of what is allowed and does not happen."""
    return [
        (entry["resource"], attribute)
        for entry in ALLOWED
        for attribute in entry["attributes"]
        if not any(_allows(entry | {"attributes": [attribute]}, *one) for one in found)
    ]


def _changed(change: dict[str, Any]) -> set[str]:
    """Attributes that would be set to something else, or to something unknown yet."""
    before, after, unknown = (change[key] or {} for key in ("before", "after", "after_unknown"))
    names = {*before, *after, *unknown}
    return {name for name in names if unknown.get(name) is True or before.get(name) != after.get(name)}


def _allows(entry: Entry, state: str, address: str, attribute: str) -> bool:
    found = re.fullmatch(entry["resource"], address)
    return entry["state"] == state and attribute in entry["attributes"] and found is not None
