"""requirements.lock is what requirements.txt and constraints.txt say, and no more; `make lock` writes it."""

import contextlib
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
# Debian 12's Python, on either architecture.
IMAGE = {"python_version": "3.11", "python_full_version": "3.11.2", "sys_platform": "linux", "extra": ""}


def pinned(name: str) -> dict[str, str]:
    text = (PROJECT / name).read_text()
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[\w+\])?==([^\s;\\]+)", text, re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def required() -> Iterator[Requirement]:
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    return (Requirement(line) for line in lines if line and not line.startswith("#"))


def needed(requirement: Requirement, seen: set[tuple[str, str]]) -> Iterator[str]:
    """The package and whatever it needs in an image, as its installed metadata tells."""
    for extra in ("", *requirement.extras):
        key = (canonicalize_name(requirement.name), extra)
        if key not in seen:
            seen.add(key)
            yield key[0]
            for below in _asked_for(requirement.name, extra):
                yield from needed(below, seen)


def _asked_for(name: str, extra: str) -> Iterator[Requirement]:
    surroundings = {**default_environment(), **IMAGE, "extra": extra}
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # only the image's Python needs it
        below_it = importlib.metadata.requires(name) or []
        yield from (below for below in map(Requirement, below_it) if _applies(below, surroundings))


def _applies(below: Requirement, surroundings: dict[str, str]) -> bool:
    return below.marker is None or below.marker.evaluate(surroundings)


def test_everything_that_production_needs_is_locked_and_nothing_else() -> None:
    seen: set[tuple[str, str]] = set()
    closure = {name for requirement in required() for name in needed(requirement, seen)}
    assert set(pinned("requirements.lock")) == closure


def test_what_is_locked_is_what_was_tested() -> None:
    lock, tested = pinned("requirements.lock"), pinned("constraints.txt") | pinned("requirements.txt")
    assert {name: version for name, version in lock.items() if tested.get(name) != version} == {}


@pytest.mark.parametrize("name", ["requirements.lock", "ami/builder.lock"])
def test_every_package_has_hashes_and_no_index_is_named(name: str) -> None:
    text = (PROJECT / name).read_text()
    packages = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert packages
    assert [package for package in packages if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", package)] == []
    assert "://" not in text
    assert "index" not in re.sub(r"#.*", "", text)


def test_what_compiles_wheels_is_pinned() -> None:
    asked = pinned("ami/builder.txt")
    assert asked.items() <= pinned("ami/builder.lock").items()


def test_the_image_s_python_is_the_one_the_lock_is_for() -> None:
    versions = (PROJECT / "ami" / "versions.sh").read_text()
    assert "\nPYTHON_VERSION=3.11 " in versions
    assert IMAGE["python_version"] in (PROJECT / "ami" / "scripts" / "lock").read_text()
