"""The browser's files of a release, brought to where the CDN takes them from, beside those of older releases.

A file's name holds the hash of what is in it, so the same name never means two things: files
are added and never changed, and a page of either of two running releases finds its own.
The list of names that a page goes by is in the image, not here, for here there would be one for all.
"""

import json
import mimetypes
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.environments import Environment
from deploy.outcomes import Refused

PREFIX = "static/"  # of the keys, as STATIC_URL's path
LISTS = "deploys/static/"  # in the bucket of records: the files of each release
MANIFEST = "staticfiles.json"
KEPT_DAYS = 90
FOREVER = "public, max-age=31536000, immutable"
# What the browser must be told exactly, whatever this machine's own list of types says.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Uploaded:
    added: int
    kept: int


def collect(tree: Path, to: Path) -> None:
    """As the image's build does it. Raises ``Refused`` with collectstatic's words."""
    environment = {"AERIE_ENV": "demo", "STATIC_ROOT": str(to), "PATH": "/usr/bin:/bin"}
    environment["DATABASE_URL"] = "sqlite://:memory:"
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise Refused(f"collectstatic failed: {done.stderr.strip()[-1000:]}")


def hashed(collected: Path) -> list[str]:
    """The names pages use, as the manifest has them."""
    return sorted(set(json.loads((collected / MANIFEST).read_text())["paths"].values()))


def upload(environment: Environment, collected: Path, release: str) -> Uploaded:
    """Add what is missing; keep the list of what this release needs."""
    bucket, names = bucket_of(environment), hashed(collected)
    there = set(_keys(environment, bucket))
    missing = [name for name in names if PREFIX + name not in there]
    for name in missing:
        environment.client("s3").put_object(
            Bucket=bucket,
            Key=PREFIX + name,
            Body=(collected / name).read_bytes(),
            ContentType=content_type(name),
            CacheControl=FOREVER,
        )
    environment.client("s3").put_object(
        Bucket=environment.bucket, Key=_list_key(release), Body=json.dumps(names).encode()
    )
    return Uploaded(added=len(missing), kept=len(there))


def is_uploaded(environment: Environment, release: str) -> bool:
    """Every file of it is there: its list outlives what ``prune`` deletes."""
    s3 = environment.client("s3")
    try:
        answer = s3.get_object(Bucket=environment.bucket, Key=_list_key(release))
    except s3.exceptions.NoSuchKey:
        return False
    needed = {PREFIX + name for name in json.loads(answer["Body"].read())}
    return needed <= _keys(environment, bucket_of(environment)).keys()


def prune(
    environment: Environment,
    named: set[str],
    now: datetime | None = None,
    may_go_on: Callable[[], None] = lambda: None,
) -> list[str]:
    """Delete files older than ``KEPT_DAYS`` that no release of that time or ``named`` needs; their keys.

    Before each it asks whether it ``may_go_on``, and raises what that raises.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=KEPT_DAYS)
    s3, bucket = environment.client("s3"), bucket_of(environment)
    needed = _needed(environment, named, before)
    if not needed:
        raise Refused("No release's list of files is known; nothing is deleted on a guess")
    old = [
        key for key, modified in _keys(environment, bucket).items() if modified < before and key not in needed
    ]
    for key in old:
        may_go_on()
        s3.delete_object(Bucket=bucket, Key=key)
    return old


def _needed(environment: Environment, named: set[str], before: datetime) -> set[str]:
    s3, keep = environment.client("s3"), {_list_key(release) for release in named}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=environment.bucket, Prefix=LISTS)
    lists = [one for page in pages for one in page.get("Contents", [])]
    recent = [one["Key"] for one in lists if one["LastModified"] >= before or one["Key"] in keep]
    bodies = [s3.get_object(Bucket=environment.bucket, Key=key)["Body"].read() for key in recent]
    return {PREFIX + name for body in bodies for name in json.loads(body)}


def content_type(name: str) -> str:
    return _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def bucket_of(environment: Environment) -> str:
    """Empty where no CDN is: the instances serve their own files."""
    return environment.parameter("data/static_bucket")


def _keys(environment: Environment, bucket: str) -> dict[str, datetime]:
    pages = environment.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
    return {one["Key"]: one["LastModified"] for page in pages for one in page.get("Contents", [])}


def _list_key(release: str) -> str:
    return f"{LISTS}{release}.json"
