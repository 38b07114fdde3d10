"""hash_wheels.py LOCK DIRECTORY: prints the lock with the one hash of the very wheel in the directory.

Raises ``SystemExit`` in words when a requirement has no wheel there, or a wheel no requirement.
"""

import hashlib
import re
import sys
from pathlib import Path

REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def normal(name: str) -> str:
    """The name as an index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(lock: str) -> dict[str, str]:
    """Versions by name."""
    return {normal(name): version for name, version in REQUIREMENT.findall(lock)}


def found(directory: Path) -> dict[str, tuple[str, str]]:
    """(version, sha256) by name, of the wheels there (PEP 427: name-version-…)."""
    wheels = {}
    for path in directory.glob("*.whl"):
        name, version = path.name.split("-")[:2]
        wheels[normal(name)] = (version, hashlib.sha256(path.read_bytes()).hexdigest())
    return wheels


def hashed(lock: str, directory: Path) -> str:
    """The lock for these files alone."""
    versions, wheels = wanted(lock), found(directory)
    if wrong := {
        name for name in versions.keys() | wheels.keys() if versions.get(name) != wheels.get(name, ("",))[0]
    }:
        raise SystemExit(f"The lock and {directory} do not agree about {', '.join(sorted(wrong))}.")
    return "".join(f"{name}=={wheels[name][0]} --hash=sha256:{wheels[name][1]}\n" for name in sorted(wheels))


if __name__ == "__main__":
    sys.stdout.write(hashed(Path(sys.argv[1]).read_text(), Path(sys.argv[2])))
